//! The process, as the kernel sees it (proc(5)), under the names that Prometheus gives these numbers. Where there is no
//! `/proc`, they are missing.

use super::page::Page;
use std::fmt::Result;
use std::fs;
use std::time::Duration;

/// Numbers of `/proc/self/stat` behind the name of the program, which can contain anything but ends at the last bracket.
/// Their places are those of proc(5), less 3.
struct Stat<'a>(Vec<&'a str>);

impl<'a> Stat<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (_, fields) = text.rsplit_once(") ")?;
        Some(Self(fields.split_ascii_whitespace().collect()))
    }

    fn number(&self, place: usize) -> Option<u64> {
        self.0.get(place)?.parse().ok()
    }

    /// The time that the program and the kernel worked.
    fn cpu(&self) -> Option<Duration> {
        Some(ticks(self.number(11)?.saturating_add(self.number(12)?)))
    }

    fn threads(&self) -> Option<u64> {
        self.number(17)
    }

    /// How long after the machine the process started.
    fn start(&self) -> Option<Duration> {
        Some(ticks(self.number(19)?))
    }

    fn virtual_bytes(&self) -> Option<u64> {
        self.number(20)
    }

    fn resident_bytes(&self) -> Option<u64> {
        let page = u64::try_from(rustix::param::page_size()).unwrap_or_default();
        Some(self.number(21)?.saturating_mul(page))
    }
}

fn ticks(count: u64) -> Duration {
    Duration::from_millis(count.saturating_mul(1000) / rustix::param::clock_ticks_per_second().max(1))
}

pub(super) fn write(page: &mut Page<'_>) -> Result {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    if let Some(stat) = Stat::parse(&text) {
        write_stat(page, &stat)?;
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        page.gauge("process_open_fds", "Open files", files.count())?;
    }
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    page.gauge("process_max_fds", "The limit of open files", limit.unwrap_or(u64::MAX))
}

fn write_stat(page: &mut Page<'_>, stat: &Stat<'_>) -> Result {
    if let Some(cpu) = stat.cpu() {
        page.counter("process_cpu_seconds", "CPU time that was used", cpu.as_secs_f64())?;
    }
    if let Some(bytes) = stat.resident_bytes() {
        page.gauge("process_resident_memory_bytes", "Memory in use", bytes)?;
    }
    if let Some(bytes) = stat.virtual_bytes() {
        page.gauge("process_virtual_memory_bytes", "Addresses in use", bytes)?;
    }
    if let Some(threads) = stat.threads() {
        page.gauge("process_threads", "Threads", threads)?;
    }
    if let (Some(boot), Some(start)) = (boot(), stat.start()) {
        page.gauge("process_start_time_seconds", "The start, since 1970", (boot + start).as_secs_f64())?;
    }
    Ok(())
}

/// When the machine started, since 1970.
fn boot() -> Option<Duration> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let seconds = text.lines().find_map(|line| line.strip_prefix("btime "))?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_program_can_contain_anything() {
        let tail = "S 1 1 1 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 7 0 1000 1048576 3 99";
        let text = format!("42 (titan) 1 2 (x) {tail}");
        let stat = Stat::parse(&text).unwrap();
        assert_eq!((stat.threads(), stat.virtual_bytes()), (Some(7), Some(1_048_576)));
        assert_eq!((stat.cpu(), stat.start()), (Some(ticks(300)), Some(ticks(1000))));
    }

    #[test]
    fn what_is_no_such_file_gives_no_numbers() {
        assert!(Stat::parse("").is_none());
        assert!(Stat::parse("1 (titan) S 1").unwrap().cpu().is_none());
        let huge = format!("1 (t) {}", "18446744073709551615 ".repeat(30));
        assert!(Stat::parse(&huge).unwrap().resident_bytes().is_some());
    }
}
