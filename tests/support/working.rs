//! A worker in process, and what a test has it do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portfolio_analyzer::jobs::{self, Drained, Handler, Outcome, Task, Worker, WorkerSettings};
use portfolio_analyzer::queue::{self, Claim, Job, Listed, Request};
use portfolio_analyzer::services::{Caller, ServiceError};
use portfolio_analyzer::tenancy::{Access, Session, Tenant};
use tokio::sync::Notify;

use super::App;

/// Settings that wait for nothing long.
pub const SETTINGS: WorkerSettings = WorkerSettings {
    concurrency: 2,
    per_tenant: 1,
    installation: 2,
    poll: Duration::from_millis(10),
    lease: Duration::from_secs(30),
    max_attempts: 3,
    grace: Duration::from_secs(5),
};

/// The kind of jobs that tests make.
pub const TRIED: &str = "tried";

/// What a handler does with a key.
#[derive(Clone)]
pub enum Answer {
    Fail(&'static str),
    Panic,
    /// Says that it began, then waits to be told to end.
    Wait {
        begun: Arc<Notify>,
        end: Arc<Notify>,
    },
    /// Says that it began, and gives the job back once it is told to stop.
    UntilTold {
        begun: Arc<Notify>,
    },
}

/// Notes each run, by tenant and key; answers as it is told, or succeeds.
#[derive(Default)]
pub struct Tried {
    pub runs: Mutex<Vec<String>>,
    pub answers: Mutex<HashMap<String, Answer>>,
}

impl Tried {
    pub fn answer(&self, key: &str, answer: Answer) {
        self.answers.lock().expect("no panic while locked").insert(key.to_owned(), answer);
    }

    pub fn succeed(&self, key: &str) {
        self.answers.lock().expect("no panic while locked").remove(key);
    }

    pub fn runs(&self) -> Vec<String> {
        self.runs.lock().expect("no panic while locked").clone()
    }
}

#[async_trait::async_trait]
impl Handler for Tried {
    fn kind(&self) -> &'static str {
        TRIED
    }

    async fn run(&self, task: Task) -> Result<Outcome, ServiceError> {
        let tenant = task.caller.tenant()?.slug.clone();
        self.runs.lock().expect("no panic while locked").push(format!("{tenant}/{}", task.key));
        let answer = self.answers.lock().expect("no panic while locked").get(&task.key).cloned();
        match answer {
            None => Ok(Outcome::Done),
            Some(Answer::Fail(error)) => Err(ServiceError::Internal(error.to_owned())),
            Some(Answer::Panic) => panic!("as it was told"),
            Some(Answer::Wait { begun, end }) => {
                begun.notify_one();
                end.notified().await;
                Ok(Outcome::Done)
            }
            Some(Answer::UntilTold { begun }) => {
                begun.notify_one();
                while !task.stop.is_told() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Ok(Outcome::Again)
            }
        }
    }
}

impl App {
    /// A worker with one handler.
    pub fn worker(&self, handler: &Arc<Tried>, settings: WorkerSettings) -> Worker {
        Worker::new(self.services.clone(), vec![Arc::clone(handler) as Arc<dyn Handler>], settings)
    }

    /// Does everything that is due, by the handlers that the program has.
    pub async fn work(&self) -> Drained {
        Worker::new(self.services.clone(), jobs::handlers(), SETTINGS).drain().await.expect("the queue")
    }

    /// The system, acting on a tenant.
    pub async fn system(&self, tenant: &str) -> Caller {
        let record = self.services.gateway.tenant_by_slug(tenant).await.expect("a read").expect("a tenant");
        self.services.system(record, "tests")
    }

    /// A session of it that writes.
    pub async fn writing(&self, tenant: &str) -> Session<Tenant> {
        self.services.write(&self.system(tenant).await).await.expect("a session")
    }

    /// Puts a job into a session that is not ended yet.
    pub async fn enqueue_in(&self, session: &Session<Tenant>, key: &str) {
        let environment = &self.services.environment;
        let (id, now) = (environment.ids.next(), environment.clock.now());
        queue::enqueue(session, Request { id, kind: TRIED, key, at: now, due: now }).await.expect("a job");
    }

    /// Asks for a job of a tenant.
    pub async fn enqueue(&self, tenant: &str, key: &str) {
        let session = self.writing(tenant).await;
        self.enqueue_in(&session, key).await;
        session.commit().await.expect("an end");
    }

    /// Puts a job of daily facts into the queue as the owner, for a tenant that cannot be opened.
    pub async fn enqueue_inside(&self, tenant: &str) {
        let mut inside = super::Superuser::of(self).await;
        let now = self.services.environment.clock.now().to_rfc3339();
        let insert = format!(
            "INSERT INTO platform.job (id, tenant_id, kind, key, state, enqueued_at, run_at) \
             SELECT gen_random_uuid(), id, 'daily_facts', '', 'WAITING', '{now}', '{now}' \
             FROM platform.tenant WHERE slug = '{tenant}'"
        );
        inside.run(&insert).await;
    }

    /// Takes a job as a worker would that is killed before it does anything with it.
    pub async fn claim_and_die(&self, kind: &'static str) -> Option<Job> {
        let environment = &self.services.environment;
        let now = environment.clock.now();
        let claim = Claim {
            run: environment.ids.next(),
            kinds: vec![kind],
            now,
            lease_until: now + SETTINGS.lease,
            per_tenant: SETTINGS.per_tenant,
            installation: SETTINGS.installation,
            max_attempts: SETTINGS.max_attempts,
        };
        let session = self.services.gateway.platform(Access::Write).await.expect("a session");
        let job = queue::claim(&session, &claim).await.expect("the queue");
        session.commit().await.expect("an end");
        job
    }

    /// Everything in the queue.
    pub async fn queued(&self) -> Vec<Listed> {
        let session = self.services.gateway.platform(Access::Read).await.expect("a session");
        let jobs = queue::list(&session, None, 1_000).await.expect("the queue");
        session.close().await.expect("an end");
        jobs
    }
}
