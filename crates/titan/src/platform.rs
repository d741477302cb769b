//! On which platforms this program runs, as far as the machine says.

use std::path::Path;
use titan_core::license::Platform;

/// Who made the (virtual) machine: the firmware's table, as the kernel shows it.
const VENDOR: &str = "sys/class/dmi/id/sys_vendor";
/// The vendors that are clouds. Microsoft also makes computers; those have another product name.
const CLOUDS: [(&str, Platform); 2] = [("Amazon EC2", Platform::Aws), ("Google", Platform::Gcp)];
const PRODUCT: &str = "sys/class/dmi/id/product_name";
/// Files that Docker and Podman put into each container.
const CONTAINER: [&str; 2] = [".dockerenv", "run/.containerenv"];

/// All that apply.
pub(crate) fn found() -> Vec<Platform> {
    // Kubernetes tells every container where its API is.
    found_in(Path::new("/"), std::env::var_os("KUBERNETES_SERVICE_HOST").is_some())
}

fn found_in(root: &Path, is_pod: bool) -> Vec<Platform> {
    let is_container = CONTAINER.iter().any(|file| root.join(file).exists());
    let local = [(is_pod, Platform::Kubernetes), (is_container, Platform::Docker)];
    let local = local.into_iter().filter_map(|(is_here, platform)| is_here.then_some(platform));
    local.chain(cloud(root)).collect()
}

fn cloud(root: &Path) -> Option<Platform> {
    let read = |file| std::fs::read_to_string(root.join(file)).unwrap_or_default();
    let vendor = read(VENDOR);
    let vendor = vendor.trim();
    if vendor == "Microsoft Corporation" && read(PRODUCT).trim() == "Virtual Machine" {
        return Some(Platform::Azure);
    }
    CLOUDS.iter().find(|(name, _)| *name == vendor).map(|(_, platform)| *platform)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{create_dir_all, write};

    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = root.path().join(file);
            create_dir_all(path.parent().unwrap()).unwrap();
            write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn a_machine_can_be_several_platforms() {
        let pod = machine(&[(VENDOR, "Amazon EC2\n"), (".dockerenv", "")]);
        let all = [Platform::Kubernetes, Platform::Docker, Platform::Aws];
        assert_eq!(found_in(pod.path(), true), all);
        assert_eq!(found_in(machine(&[]).path(), false), []);
        assert_eq!(found_in(machine(&[("run/.containerenv", "")]).path(), false), [Platform::Docker]);
    }

    #[test]
    fn a_cloud_is_known_by_its_firmware() {
        let of = |vendor, product| found_in(machine(&[(VENDOR, vendor), (PRODUCT, product)]).path(), false);
        assert_eq!(of("Google\n", "Google Compute Engine\n"), [Platform::Gcp]);
        assert_eq!(of("Microsoft Corporation\n", "Virtual Machine\n"), [Platform::Azure]);
        assert_eq!(of("Microsoft Corporation\n", "Surface Laptop\n"), []);
        assert_eq!(of("Amazon EC2 clone\n", "x\n"), []);
    }
}
