//! The columns that queries read of each table.
//!
//! A query names them, and says `SELECT *` nowhere: a newer version may add a column while this one runs, and PostgreSQL
//! then refuses each prepared statement whose result would get another form ("cached plan must not change result type").
//! Each name has its table before it, so that a new column of another table of the same query leaves it clear.

/// `columns!(change)` is `"change.revision, change.kind, …"`.
macro_rules! columns {
    (answer) => { $crate::columns::listed!(answer: fingerprint key label is_active at) };
    (audit) => { $crate::columns::listed!(audit: sequence at actor action subject ip request_id detail hash) };
    (change) => { $crate::columns::listed!(change: revision kind subject status) };
    (instance) => { $crate::columns::listed!(instance: id version address started_at applied renewals) };
    (invitation) => {
        $crate::columns::listed!(invitation: id tenant email role invited_by created_at expires_at)
    };
    (key) => {
        $crate::columns::listed!(key: id tenant prefix slot label scopes created_at expires_at is_active revoked_at
            rotated_at retires_at created_by rotated_from last_used_at is_owned is_suspended rate_limit limited_as)
    };
    (last_client) => { $crate::columns::listed!(last_client: key at address user_agent) };
    (live_session) => {
        $crate::columns::listed!(live_session: tenant name opened_at is_open pending marked_at)
    };
    (member) => { $crate::columns::listed!(member: person tenant role since) };
    (opaque_key) => {
        $crate::columns::listed!(opaque_key: id hash lead tenant person name created_at expires_at is_active
            is_suspended deleted_at last_used_at)
    };
    (person) => { $crate::columns::listed!(person: id email password is_active created_at) };
    (revision_head) => { $crate::columns::listed!(revision_head: revision swept_until log_swept_until) };
    (second_factor) => {
        $crate::columns::listed!(second_factor: secret is_confirmed last_step recovery created_at)
    };
    (session) => {
        $crate::columns::listed!(session: id person tenant created_at expires_at refreshed_at generation epoch
            jwt_until ended_at ip user_agent)
    };
    (signing_key) => { $crate::columns::listed!(signing_key: slot secret created_at retired_at not_before) };
    (tenant) => { $crate::columns::listed!(tenant: id name is_active not_before created_at) };
}

/// `select!(change, "WHERE …")` is `"SELECT change.revision, … FROM change WHERE …"`.
macro_rules! select {
    ($table:ident) => {
        concat!("SELECT ", $crate::columns::columns!($table), " FROM ", stringify!($table))
    };
    ($table:ident, $rest:literal) => {
        concat!($crate::columns::select!($table), " ", $rest)
    };
}

macro_rules! listed {
    ($table:ident: $first:ident $($next:ident)*) => {
        concat!(
            stringify!($table), ".", stringify!($first)
            $(, ", ", stringify!($table), ".", stringify!($next))*
        )
    };
}

pub(crate) use {columns, listed, select};

#[cfg(test)]
mod tests {
    #[test]
    fn each_column_has_its_table_before_it() {
        assert_eq!(columns!(member), "member.person, member.tenant, member.role, member.since");
        let all = "SELECT member.person, member.tenant, member.role, member.since FROM member";
        assert_eq!(select!(member), all);
        assert_eq!(select!(member, "WHERE true"), format!("{all} WHERE true"));
    }
}
