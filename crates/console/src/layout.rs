//! What every page of somebody who has signed in has: where one can go, who one is, and the token of forms.

use crate::roles;
use crate::signed::{Account, Signed};

/// A part of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Account,
    Audit,
    ClientRules,
    Instances,
    Keys,
    License,
    Members,
    MyKeys,
    Overview,
    People,
    Policies,
    Settings,
    SigningKeys,
    Tenants,
}

/// Where a holder of the master key can go.
const OF_MASTER: [Section; 11] = [
    Section::Overview,
    Section::Keys,
    Section::ClientRules,
    Section::People,
    Section::Tenants,
    Section::Policies,
    Section::Audit,
    Section::SigningKeys,
    Section::Instances,
    Section::Settings,
    Section::License,
];
/// Where a user can go.
const OF_USER: [Section; 3] = [Section::MyKeys, Section::Members, Section::Account];

impl Section {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Account => "Account",
            Self::Audit => "Audit",
            Self::ClientRules => "Client rules",
            Self::Instances => "Instances",
            Self::Keys => "Keys",
            Self::License => "License",
            Self::Members => "Members",
            Self::MyKeys => "My keys",
            Self::Overview => "Overview",
            Self::People => "People",
            Self::Policies => "Policies",
            Self::Settings => "Settings",
            Self::SigningKeys => "Signing keys",
            Self::Tenants => "Tenants",
        }
    }

    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Account => "/console/account",
            Self::Audit => "/console/audit",
            Self::ClientRules => "/console/client-rules",
            Self::Instances => "/console/instances",
            Self::Keys => "/console/keys",
            Self::License => "/console/license",
            Self::Members => "/console/members",
            Self::MyKeys => "/console/my-keys",
            Self::Overview => "/console",
            Self::People => "/console/people",
            Self::Policies => "/console/policies",
            Self::Settings => "/console/settings",
            Self::SigningKeys => "/console/signing-keys",
            Self::Tenants => "/console/tenants",
        }
    }
}

/// The frame of a page.
pub(crate) struct Layout {
    pub(crate) section: Section,
    pub(crate) csrf: String,
    pub(crate) is_proven: bool,
    pub(crate) is_master: bool,
    /// Who has signed in.
    pub(crate) who: String,
    /// What it may do.
    pub(crate) may: String,
}

impl Layout {
    pub(crate) fn new(signed: &Signed, section: Section) -> Self {
        let (who, may) = match signed.account() {
            Ok(account) => (account.user.email.to_string(), place(account)),
            Err(_) => ("Master key".to_owned(), "May do everything".to_owned()),
        };
        let (is_proven, is_master) = (signed.is_proven(), signed.is_master());
        Self { section, csrf: signed.csrf.clone(), is_proven, is_master, who, may }
    }

    /// Where one can go.
    pub(crate) fn sections(&self) -> &'static [Section] {
        if self.is_master { &OF_MASTER } else { &OF_USER }
    }
}

fn place(account: &Account) -> String {
    format!("{} in tenant {}", roles::title(account.role), account.principal.tenant().0)
}

/// The first page of somebody who has signed in.
pub(crate) fn home(signed: &Signed) -> &'static str {
    if signed.is_master() { Section::Overview.path() } else { Section::MyKeys.path() }
}
