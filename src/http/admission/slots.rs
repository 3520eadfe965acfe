//! So many of each kind at once.

use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

/// Counts what is open, by key.
pub struct Slots<K> {
    most: usize,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Copy + Eq + Hash> Slots<K> {
    /// At most so many of each key.
    pub fn new(most: usize) -> Self {
        Self { most, taken: Arc::default() }
    }

    pub fn most(&self) -> usize {
        self.most
    }

    /// A slot of this key, if one is free. Dropping it frees it.
    pub fn take(&self, key: K) -> Option<Slot<K>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.get(&key).copied().unwrap_or_default();
        if count >= self.most {
            return None;
        }
        taken.insert(key, count + 1);
        Some(Slot { key, taken: Arc::clone(&self.taken) })
    }
}

/// One of what is counted.
pub struct Slot<K: Copy + Eq + Hash> {
    key: K,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Copy + Eq + Hash> Drop for Slot<K> {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.key) {
            Some(count) if *count > 1 => *count -= 1,
            // Keys that nobody holds are forgotten, or the table would grow with the addresses of the world.
            _ => drop(taken.remove(&self.key)),
        }
    }
}

impl<K: Copy + Eq + Hash + fmt::Debug> fmt::Debug for Slot<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Slot").field(&self.key).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_and_what_is_dropped_is_free() {
        let slots = Slots::new(2);
        let first = slots.take('a').unwrap();
        let _second = slots.take('a').unwrap();
        assert!(slots.take('a').is_none());
        let other = slots.take('b').unwrap();
        drop(first);
        assert!(slots.take('a').is_some());
        drop(other);
        assert_eq!(slots.taken.lock().unwrap().keys().collect::<Vec<_>>(), [&'a'], "nothing is kept of what is gone");
    }
}
