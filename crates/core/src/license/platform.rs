//! Where a license may be used.

use super::License;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A platform that a license can name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// Any platform.
    #[default]
    Any,
    /// Amazon's cloud.
    Aws,
    /// Microsoft's.
    Azure,
    /// A container.
    Docker,
    /// Google's cloud.
    Gcp,
    /// A pod of Kubernetes.
    Kubernetes,
}

impl Platform {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Any, Self::Aws, Self::Azure, Self::Docker, Self::Gcp, Self::Kubernetes];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::Docker => "docker",
            Self::Gcp => "gcp",
            Self::Kubernetes => "kubernetes",
        }
    }

    /// The platform with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.name() == name)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether a text is the id of an AWS account: 12 digits.
pub fn is_aws_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|c| c.is_ascii_digit())
}

/// Where this program runs.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// A machine can be several: Kubernetes on AWS.
    pub platforms: Vec<Platform>,
    /// The AWS account, if it is known.
    pub aws_account_id: Option<String>,
}

impl License {
    /// Whether it may be used in this place; the error says why not, and what would help.
    pub fn check_place(&self, place: &Place) -> Result<(), String> {
        if self.platform != Platform::Any && !place.platforms.contains(&self.platform) {
            return Err(format!(
                "is for the platform {}, but this is {}; if that is wrong, set TITAN_PLATFORM",
                self.platform,
                place.names()
            ));
        }
        match (&self.aws_account_id, &place.aws_account_id) {
            (None, _) => Ok(()),
            (Some(account), Some(here)) if account == here => Ok(()),
            (Some(account), Some(here)) => {
                Err(format!("is for the AWS account {account}, but TITAN_AWS_ACCOUNT_ID is {here}"))
            }
            (Some(account), None) => {
                Err(format!("is for the AWS account {account}; set TITAN_AWS_ACCOUNT_ID to yours"))
            }
        }
    }
}

impl Place {
    fn names(&self) -> String {
        if self.platforms.is_empty() {
            return "none that Titan knows".to_owned();
        }
        self.platforms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}
