//! What this thread logs while something runs, down to the finest lines of the libraries.

use std::sync::{Arc, Mutex, Once};

use tracing::subscriber::with_default;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a lock").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What is logged while this runs, on a runtime of one thread.
pub fn logged(work: impl Future<Output = ()>) -> String {
    // Some libraries' lines come by the other interface for logs, of which a process has one.
    static OTHER: Once = Once::new();
    OTHER.call_once(|| tracing_log::LogTracer::init().expect("the only one"));
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    with_default(subscriber, || runtime.block_on(work));
    String::from_utf8(log.0.lock().expect("a lock").clone()).expect("text")
}
