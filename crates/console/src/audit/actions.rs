//! What can stand in a row, to choose from. A row of a later version can have another action, so the field takes any text.

pub(super) const ACTIONS: [&str; 39] = [
    "client_rules.delete",
    "client_rules.put",
    "client_token.revoke",
    "console.begin",
    "console.end",
    "debug.set",
    "invitation.create",
    "invitation.withdraw",
    "key.create",
    "key.delete",
    "key.disable",
    "key.import",
    "key.resume",
    "key.rotate",
    "key.suspend",
    "key.update",
    "live_session.release",
    "member.join",
    "member.put",
    "member.remove",
    "opaque_key.create",
    "opaque_key.delete",
    "opaque_key.update",
    "seal_key.reseal",
    "seal_key.rotate",
    "second_factor.confirm",
    "second_factor.remove",
    "session.begin",
    "session.displace",
    "session.end",
    "session.reuse",
    "settings.create",
    "settings.update",
    "signing_key.create",
    "signing_key.retire",
    "tenant.create",
    "tenant.update",
    "user.create",
    "user.update",
];

#[cfg(test)]
mod tests {
    use super::ACTIONS;

    #[test]
    fn the_documents_name_the_same_actions() {
        let page = include_str!("../../../../docs/audit.md");
        let rows = page.lines().filter(|line| line.starts_with("| `"));
        let words = rows.flat_map(|row| row.split('|').nth(1).unwrap_or_default().split('`'));
        let mut actions: Vec<&str> = words.filter(|word| word.contains('.')).collect();
        actions.sort_unstable();
        assert_eq!(actions, ACTIONS);
    }
}
