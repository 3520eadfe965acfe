//! Whose turn it is: parties that wait take turns, none has more than its share, and nobody waits for long.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::oneshot;

/// There is no turn: too many wait, or it took too long.
#[derive(Debug, PartialEq, Eq)]
pub struct Busy;

/// Gives out turns.
pub struct Turns<K: Copy + Eq + Hash> {
    /// Turns at once.
    most: usize,
    /// Of which one party has at most so many: the others find a free one however long this one's take.
    share: usize,
    /// How many may wait.
    most_waiting: usize,
    /// For how long.
    patience: Duration,
    state: Mutex<State<K>>,
}

struct State<K: Copy + Eq + Hash> {
    running: usize,
    running_of: HashMap<K, usize>,
    waiting: usize,
    /// In the order of their coming. No queue is empty.
    waiting_of: HashMap<K, VecDeque<oneshot::Sender<Turn<K>>>>,
    /// Every party that waits, once; the next one first.
    order: VecDeque<K>,
}

impl<K: Copy + Eq + Hash> State<K> {
    fn count_of(&self, key: K) -> usize {
        self.running_of.get(&key).copied().unwrap_or_default()
    }

    fn begin(&mut self, key: K) {
        self.running += 1;
        *self.running_of.entry(key).or_default() += 1;
    }

    fn end(&mut self, key: K) {
        self.running -= 1;
        match self.running_of.get_mut(&key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.running_of.remove(&key)),
        }
    }

    fn queue(&mut self, key: K, waiter: oneshot::Sender<Turn<K>>) {
        let queue = self.waiting_of.entry(key).or_default();
        if queue.is_empty() {
            self.order.push_back(key);
        }
        queue.push_back(waiter);
        self.waiting += 1;
    }

    /// Takes out the next one of the party whose turn it is.
    fn next(&mut self, share: usize) -> Option<(K, oneshot::Sender<Turn<K>>)> {
        let at = self.order.iter().position(|key| self.count_of(*key) < share)?;
        let key = self.order.remove(at)?;
        let queue = self.waiting_of.get_mut(&key)?;
        let waiter = queue.pop_front()?;
        self.waiting -= 1;
        if queue.is_empty() {
            self.waiting_of.remove(&key);
        } else {
            self.order.push_back(key);
        }
        Some((key, waiter))
    }

    /// Forgets those who have gone away.
    fn sweep(&mut self) {
        self.waiting_of.retain(|_, queue| {
            queue.retain(|waiter| !waiter.is_closed());
            !queue.is_empty()
        });
        self.order.retain(|key| self.waiting_of.contains_key(key));
        self.waiting = self.waiting_of.values().map(VecDeque::len).sum();
    }

    /// Sends away the last of the longest queue, if that is longer than this party's would be.
    fn displace(&mut self, key: K) -> bool {
        let own = self.waiting_of.get(&key).map_or(0, VecDeque::len);
        let Some((&longest, queue)) = self.waiting_of.iter_mut().max_by_key(|(_, queue)| queue.len()) else {
            return false;
        };
        if queue.len() <= own + 1 {
            return false;
        }
        queue.pop_back();
        self.waiting -= 1;
        if queue.is_empty() {
            self.waiting_of.remove(&longest);
            self.order.retain(|key| *key != longest);
        }
        true
    }
}

impl<K: Copy + Eq + Hash> Turns<K> {
    /// So many turns at once; so many may wait for one, for so long.
    pub fn new(most: usize, most_waiting: usize, patience: Duration) -> Self {
        let state = State {
            running: 0,
            running_of: HashMap::new(),
            waiting: 0,
            waiting_of: HashMap::new(),
            order: VecDeque::new(),
        };
        // Three quarters, and at least one short of all.
        let share = (most * 3 / 4).clamp(1, most.saturating_sub(1).max(1));
        Self { most, share, most_waiting, patience, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A turn for this party. Dropping it gives it to the next.
    pub async fn take(self: &Arc<Self>, key: K) -> Result<Turn<K>, Busy> {
        let waiter = {
            let mut state = self.lock();
            // Whoever waits though a turn is free waits for the end of its own party's.
            if state.running < self.most && state.count_of(key) < self.share {
                state.begin(key);
                return Ok(Turn { turns: Arc::clone(self), key });
            }
            if state.waiting >= self.most_waiting {
                state.sweep();
            }
            if state.waiting >= self.most_waiting && !state.displace(key) {
                return Err(Busy);
            }
            let (sender, waiter) = oneshot::channel();
            state.queue(key, sender);
            waiter
        };
        match tokio::time::timeout(self.patience, waiter).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(Busy),
        }
    }

    fn give_back(self: &Arc<Self>, key: K) {
        let next = {
            let mut state = self.lock();
            state.end(key);
            let next = state.next(self.share);
            if let Some((next, _)) = &next {
                state.begin(*next);
            }
            next
        };
        if let Some((key, waiter)) = next {
            // Who has gone away drops it, which gives it to the next after them.
            drop(waiter.send(Turn { turns: Arc::clone(self), key }));
        }
    }
}

/// The right to be executed now.
pub struct Turn<K: Copy + Eq + Hash> {
    turns: Arc<Turns<K>>,
    key: K,
}

impl<K: Copy + Eq + Hash> Drop for Turn<K> {
    fn drop(&mut self) {
        let turns = Arc::clone(&self.turns);
        turns.give_back(self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    type Waiting = tokio::task::JoinHandle<Result<Turn<char>, Busy>>;

    /// Lets a party wait, and returns once it does.
    async fn wait(turns: &Arc<Turns<char>>, key: char) -> Waiting {
        let waiting = turns.lock().waiting;
        let taken = Arc::clone(turns);
        let task = tokio::spawn(async move { taken.take(key).await });
        while turns.lock().waiting == waiting {
            tokio::task::yield_now().await;
        }
        task
    }

    #[tokio::test]
    async fn parties_take_turns_however_many_one_of_them_sends() {
        let turns = Arc::new(Turns::new(2, 100, MINUTE));
        let first = turns.take('a').await.unwrap();
        let _stays = turns.take('z').await.unwrap();
        let mut flood = Vec::new();
        for _ in 0..10 {
            flood.push(wait(&turns, 'a').await);
        }
        let b = wait(&turns, 'b').await;
        let c = wait(&turns, 'c').await;
        drop(first);
        let a = flood.remove(0).await.unwrap().unwrap();
        drop(a);
        let b = b.await.unwrap().unwrap();
        drop(b);
        let c = c.await.unwrap().unwrap();
        assert!(flood.iter().all(|waiting| !waiting.is_finished()), "one of the flood, then the others");
        drop(c);
        drop(flood.remove(0).await.unwrap().unwrap());
    }

    #[tokio::test]
    async fn a_share_is_left_to_the_others() {
        let turns = Arc::new(Turns::new(4, 100, MINUTE));
        let mut own = Vec::new();
        for _ in 0..3 {
            own.push(turns.take('a').await.unwrap());
        }
        let fourth = wait(&turns, 'a').await;
        let other = turns.take('b').await.unwrap();
        assert!(!fourth.is_finished());
        drop(other);
        tokio::task::yield_now().await;
        assert!(!fourth.is_finished(), "the free one is for others");
        own.pop();
        assert!(fourth.await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn nobody_waits_for_longer_than_their_patience_and_who_is_gone_is_passed_over() {
        let turns = Arc::new(Turns::new(1, 100, Duration::from_millis(200)));
        let held = turns.take('a').await.unwrap();
        assert_eq!(turns.take('b').await.err(), Some(Busy));
        let late = wait(&turns, 'c').await;
        drop(held);
        assert!(late.await.unwrap().is_ok());
        assert!(turns.take('b').await.is_ok(), "none is lost");
    }

    #[tokio::test]
    async fn where_too_many_wait_the_longest_queue_gives_way() {
        let turns = Arc::new(Turns::new(1, 3, MINUTE));
        let held = turns.take('z').await.unwrap();
        let mut flood = Vec::new();
        for _ in 0..3 {
            flood.push(wait(&turns, 'a').await);
        }
        assert_eq!(turns.take('a').await.err(), Some(Busy), "no room for more of the same");
        let taken = Arc::clone(&turns);
        let quiet = tokio::spawn(async move { taken.take('b').await });
        let last = flood.pop().unwrap();
        assert_eq!(last.await.unwrap().err(), Some(Busy));
        drop(held);
        drop(flood.remove(0).await.unwrap().unwrap());
        assert!(quiet.await.unwrap().is_ok());
    }
}
