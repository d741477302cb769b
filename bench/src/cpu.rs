//! How the CPU hashes. A reference is two compressions, and SHA instructions make those three to four times as
//! fast, while all else takes as long as before: each class of CPU has goals of its own.

use crate::report::AtMost;
use std::process::Command;

/// The argument with which this program compares once more, as on a CPU without SHA instructions.
pub const ARGUMENT: &str = "without-sha-instructions";

/// A class of CPUs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Hashing {
    /// With instructions made for it: x86 since 2017 (AMD) or 2019 (Intel's servers).
    BySha,
    /// Without them.
    ByOtherInstructions,
}

/// What a whole verification may cost, in references.
pub struct Goals {
    /// With 10^6 revoked keys.
    pub million: AtMost,
    /// With 10^7.
    pub ten_million: AtMost,
    /// Of an opaque key, among a million.
    pub opaque: AtMost,
}

impl Hashing {
    /// What this CPU can.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        let is_there = std::arch::is_x86_feature_detected!("sha");
        #[cfg(target_arch = "aarch64")]
        let is_there = std::arch::is_aarch64_feature_detected!("sha2");
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let is_there = false;
        if is_there { Self::BySha } else { Self::ByOtherInstructions }
    }

    /// As it is printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::BySha => "thread CPU time, SHA instructions",
            Self::ByOtherInstructions => "thread CPU time, no SHA instructions",
        }
    }

    /// `docs/adr/0008` says where the numbers come from; `docs/adr/0019` has those of opaque keys.
    pub fn goals(self) -> Goals {
        match self {
            Self::BySha => Goals { million: AtMost(2.5), ten_million: AtMost(2.8), opaque: AtMost(5.0) },
            Self::ByOtherInstructions => {
                Goals { million: AtMost(1.5), ten_million: AtMost(1.6), opaque: AtMost(2.5) }
            }
        }
    }
}

/// On a CPU with SHA instructions, compares once more in a process whose AWS-LC is told not to use them.
pub fn compare_again() -> anyhow::Result<()> {
    if Hashing::detect() == Hashing::ByOtherInstructions || !cfg!(target_arch = "x86_64") {
        return Ok(());
    }
    // Bit 29 of EBX of leaf 7 (Intel SDM, CPUID). AWS-LC reads this variable when it looks for the CPU's features.
    let mut again = Command::new(std::env::current_exe()?);
    let status = again.arg(ARGUMENT).env("OPENSSL_ia32cap", ":~0x20000000").status()?;
    anyhow::ensure!(status.success(), "the comparison without SHA instructions failed");
    Ok(())
}
