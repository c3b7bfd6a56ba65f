//! Reading bodies within bounds.
//!
//! A body counts by the buffer that it has filled, not by the length that it announces: a client that
//! announces much and sends little holds little. Where the bytes of all bodies reach their bound, the
//! one that would exceed it is refused; none waits for room, since two that are half read could wait
//! for each other.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::limits::Limits;

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is larger than it may be.
    TooLarge,
    /// It did not arrive in time.
    TooSlow,
    /// All bodies together are too large by it.
    NoRoom,
    /// The client broke off, or sent what is no body.
    Broken,
}

/// The bodies that are being read or answered.
pub(super) struct Bodies {
    room: Arc<Semaphore>,
    time: Duration,
    discarded: usize,
}

/// A body, and the room that it takes up as long as this is kept.
type Held = (Bytes, Option<OwnedSemaphorePermit>);

impl Bodies {
    pub(super) fn within(limits: &Limits) -> Self {
        let room = u32::try_from(limits.bytes_in_flight)
            .map_or(Semaphore::MAX_PERMITS, |_| limits.bytes_in_flight);
        Self {
            room: Arc::new(Semaphore::new(room)),
            time: limits.body_time,
            discarded: limits.discarded_bytes,
        }
    }

    /// Reads a body of at most so many bytes.
    pub(super) async fn read<B>(&self, body: B, largest: usize) -> Result<Held, Unread>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let reading = self.read_in_its_time(body, largest);
        tokio::time::timeout(self.time, reading)
            .await
            .unwrap_or(Err(Unread::TooSlow))
    }

    async fn read_in_its_time<B>(&self, mut body: B, largest: usize) -> Result<Held, Unread>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let mut read: Vec<u8> = Vec::new();
        let mut held: Option<OwnedSemaphorePermit> = None;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame.map_err(|_| Unread::Broken)?.into_data() else {
                continue;
            };
            if read.len() + frame.len() > largest {
                drop((read, held));
                return Err(self.discard(body, Unread::TooLarge).await);
            }
            let needed = read.len() + frame.len();
            if needed > read.capacity() {
                let Some((capacity, room)) = self.room_to_grow(&read, needed, largest) else {
                    drop((read, held));
                    return Err(self.discard(body, Unread::NoRoom).await);
                };
                read.reserve_exact(capacity - read.len());
                match &mut held {
                    Some(held) => held.merge(room),
                    None => held = Some(room),
                }
            }
            read.extend_from_slice(&frame);
        }
        Ok((read.into(), held))
    }

    /// Room for a larger buffer: twice as large, so that it does not grow with every frame, or only as
    /// large as needed where there is no more.
    fn room_to_grow(
        &self,
        read: &Vec<u8>,
        needed: usize,
        largest: usize,
    ) -> Option<(usize, OwnedSemaphorePermit)> {
        let generous = needed.max(largest.min(read.capacity().saturating_mul(2)));
        [generous, needed].into_iter().find_map(|capacity| {
            let more = u32::try_from(capacity - read.capacity()).ok()?;
            let room = Arc::clone(&self.room).try_acquire_many_owned(more).ok()?;
            Some((capacity, room))
        })
    }

    /// Reads on without keeping anything, so that the client looks for its answer.
    async fn discard<B>(&self, mut body: B, why: Unread) -> Unread
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let mut left = self.discarded;
        while let Some(Ok(frame)) = body.frame().await {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(bytes) {
                Some(rest) => left = rest,
                None => break,
            }
        }
        why
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use hyper::body::Frame;

    use super::*;

    /// A body that arrives frame by frame, and then ends or stays silent.
    struct Frames {
        frames: VecDeque<Bytes>,
        silent: bool,
    }

    impl Body for Frames {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            match self.frames.pop_front() {
                Some(frame) => Poll::Ready(Some(Ok(Frame::data(frame)))),
                None if self.silent => Poll::Pending,
                None => Poll::Ready(None),
            }
        }
    }

    fn frames(sizes: &[usize]) -> Frames {
        let frames = sizes.iter().map(|size| Bytes::from(vec![7; *size]));
        Frames {
            frames: frames.collect(),
            silent: false,
        }
    }

    fn bodies(bytes_in_flight: usize) -> Bodies {
        Bodies::within(&Limits {
            bytes_in_flight,
            discarded_bytes: 1000,
            ..Limits::default()
        })
    }

    #[tokio::test]
    async fn a_body_may_be_as_large_as_the_limit_and_no_byte_larger() {
        let bodies = bodies(10_000);
        let (read, _) = bodies.read(frames(&[60, 40]), 100).await.unwrap();
        assert_eq!(read.len(), 100);
        let too_large = bodies.read(frames(&[60, 41]), 100).await;
        assert_eq!(too_large.unwrap_err(), Unread::TooLarge);
    }

    #[tokio::test]
    async fn all_bodies_together_have_a_limit_and_room_comes_back_when_one_is_answered() {
        let bodies = bodies(100);
        let (_, held) = bodies.read(frames(&[30, 30]), 100).await.unwrap();
        let second = bodies.read(frames(&[30, 30]), 100).await;
        assert_eq!(second.unwrap_err(), Unread::NoRoom);
        let (_, small) = bodies.read(frames(&[40]), 100).await.unwrap();
        drop((held, small));
        bodies.read(frames(&[100]), 100).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_in_time_is_given_up_and_holds_nothing_any_more() {
        let bodies = bodies(100);
        let slow = Frames {
            silent: true,
            ..frames(&[80])
        };
        let slow = bodies.read(slow, 100).await;
        assert_eq!(slow.unwrap_err(), Unread::TooSlow);
        bodies.read(frames(&[100]), 100).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_too_large_is_read_on_for_a_while_and_not_for_ever() {
        let bodies = bodies(10_000);
        let mut body = frames(&[200; 50]);
        let read = bodies.read(&mut body, 100).await;
        assert_eq!(read.unwrap_err(), Unread::TooLarge);
        // The first frame, five that are thrown away, and the one that was too much.
        assert_eq!(body.frames.len(), 50 - 7);
    }
}
