//! Connections: each has a thread that reads questions and hands them to the one that holds the model, in the order in which they come.

use crate::shared::{Asker, Job, Standing};
use crate::{Options, frames, holder, limits, socket};
use contract::{ModelAsk, ModelEnd, ModelState, ModelTold};
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

/// Questions that may wait.
const QUEUE: usize = 8;
/// Connections at once.
const CONNECTIONS: u32 = 32;
/// How long somebody who does not read is waited for.
const UNREAD: Duration = Duration::from_secs(10);

/// Serves until nobody asked anything for a while.
pub(crate) fn run(options: Options, slow: Option<&'static str>) -> io::Result<()> {
    // The terminal that it was started from may be closed.
    let _ = rustix::process::setsid();
    let Some(place) = socket::take(&options.data)? else { return Ok(()) };
    #[cfg(target_os = "linux")]
    crate::denied::deny().map_err(io::Error::other)?;
    limits::start(options.memory);
    let standing = Arc::new(Standing::default());
    standing.set(ModelState::Available, slow.unwrap_or("loaded with the first question"));
    let (jobs, queue) = sync_channel::<Job>(QUEUE);
    let idle = options.idle;
    let held = {
        let standing = Arc::clone(&standing);
        std::thread::Builder::new()
            .name("model".into())
            .spawn(move || holder::run(&options, slow, &queue, &standing))?
    };
    let connections = Arc::new(AtomicU32::new(0));
    place.listener.set_nonblocking(true)?;
    let mut last = Instant::now();
    let mut closing = false;
    loop {
        match place.listener.accept() {
            Ok((stream, _)) => {
                last = Instant::now();
                stream.set_nonblocking(false)?;
                if !socket::is_ours(&stream) {
                    continue;
                }
                let connection =
                    Connection { jobs: jobs.clone(), standing: Arc::clone(&standing), all: Arc::clone(&connections) };
                std::thread::Builder::new().name("connection".into()).spawn(move || connection.serve(stream))?;
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                if connections.load(Ordering::SeqCst) > 0 || standing.waiting.load(Ordering::SeqCst) > 0 {
                    last = Instant::now();
                }
                let used = connections.load(Ordering::SeqCst) > 0;
                if held.is_finished() || closing && !used {
                    // Memory goes back to the system with the process.
                    return Ok(());
                }
                if last.elapsed() >= idle && !closing {
                    // Whoever connected until now is answered; whoever comes later starts another process, once this one is gone.
                    place.close();
                    closing = true;
                    continue;
                }
                wait(&place.listener);
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Until somebody connects, and half a second at most.
fn wait(listener: &std::os::unix::net::UnixListener) {
    let mut on = [rustix::event::PollFd::new(listener, rustix::event::PollFlags::IN)];
    let most = rustix::event::Timespec { tv_sec: 0, tv_nsec: 500_000_000 };
    let _ = rustix::event::poll(&mut on, Some(&most));
}

struct Connection {
    jobs: SyncSender<Job>,
    standing: Arc<Standing>,
    all: Arc<AtomicU32>,
}

impl Connection {
    fn serve(&self, stream: UnixStream) {
        let _ = stream.set_write_timeout(Some(UNREAD));
        let Ok(mut from) = stream.try_clone() else { return };
        let mut asker = Asker::new(stream);
        if self.all.fetch_add(1, Ordering::SeqCst) >= CONNECTIONS {
            asker.fail(format!("{CONNECTIONS} connections are open already"), "close an editor, or ask again later");
        } else {
            self.talk(&mut from, &mut asker);
        }
        // Who has gone wants no answer.
        asker.cancel();
        self.all.fetch_sub(1, Ordering::SeqCst);
    }

    fn talk(&self, from: &mut UnixStream, asker: &mut Asker) {
        let busy = Arc::new(AtomicU32::new(0));
        loop {
            let ask = match frames::read(from) {
                Ok(Some(ask)) => ask,
                Ok(None) => return,
                Err(e) => return asker.fail(e.to_string(), "use the `holdover` that belongs to this holdover-model"),
            };
            match ask {
                ModelAsk::Status => {
                    asker.tell(&ModelTold::Status { status: self.standing.now(), pid: std::process::id() });
                }
                ModelAsk::Cancel => asker.cancel(),
                ask => {
                    if busy.load(Ordering::SeqCst) > 0 {
                        asker.fail(
                            "this connection is being answered already",
                            "cancel that first, or open another one",
                        );
                        continue;
                    }
                    asker.renew();
                    let before = self.standing.waiting.load(Ordering::SeqCst);
                    if before > 0 {
                        asker.tell(&ModelTold::Queued { before });
                    }
                    let job = Job::new(ask, asker.clone(), Arc::clone(&busy), Arc::clone(&self.standing));
                    match self.jobs.try_send(job) {
                        Ok(()) => {}
                        Err(TrySendError::Full(_)) => {
                            asker.fail(format!("{QUEUE} questions wait already"), "ask again later");
                        }
                        Err(TrySendError::Disconnected(_)) => asker.fail("the model's process is ending", "ask again"),
                    }
                }
            }
        }
    }
}

/// The end of a question that was cancelled before anything of its answer was there.
pub(crate) fn cancelled(asker: &Asker, began: Instant) {
    let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    asker.tell(&ModelTold::Ended { end: ModelEnd::Cancelled, tokens: 0, first_token: None, took });
}
