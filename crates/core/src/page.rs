//! Parts of lists.

/// The first `limit` of these rows, of which one more than that were asked for, and where the next part begins, if there is
/// one.
pub(crate) fn cut<T, C>(mut rows: Vec<T>, limit: u32, cursor: impl Fn(&T) -> C) -> (Vec<T>, Option<C>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| has_more).map(cursor);
    (rows, next)
}
