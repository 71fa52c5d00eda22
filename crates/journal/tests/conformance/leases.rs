//! Who may decide: taking, renewing, losing a lease.

use journal::DbError;
use journal::events::{Append, Journal, Lease, LeaseWatch, Stream};

use super::{World, account, decisions, durable, suite};

suite![
    one_of_two_takes_it,
    only_a_running_instance_holds_a_lease_on_decisions,
    a_renewal_names_what_was_lost,
    a_lease_that_was_renewed_after_the_last_look_is_not_taken,
    a_silent_holder_is_followed_after_the_time_to_live,
];

fn one_of_two_takes_it<W: World>() {
    let world = W::new();
    let (mut one, mut two) = (world.open(), world.open());
    let first = one.register("one", 0, 1).unwrap();
    let second = two.register("two", 0, 1).unwrap();
    assert_eq!(one.take_lease(&account(), first, 0).unwrap(), Some(1));
    assert_eq!(two.take_lease(&account(), second, 0).unwrap(), None);
    assert_eq!(two.take_lease(&account(), second, 7).unwrap(), None);
    assert_eq!(two.take_lease(&account(), second, 1).unwrap(), Some(2));
    assert_eq!(one.take_lease(&account(), first, 1).unwrap(), None);
    let lease = Lease { stream: account(), holder: second, epoch: 2, renewals: 0 };
    assert_eq!(one.leases().unwrap(), [lease]);
    assert!(matches!(one.append(&decisions(1, 1, 0, 1)), Append::Fenced { epoch: 2, .. }));
    durable(two.append(&decisions(2, 2, 0, 1)));
}

fn only_a_running_instance_holds_a_lease_on_decisions<W: World>() {
    let world = W::new();
    let mut journal = world.open();
    let refused = |result| matches!(result, Err(DbError::Constraint(_)));
    assert!(refused(journal.take_lease(&account(), 1, 0)));
    let one = journal.register("one", 0, 1).unwrap();
    for stream in [Stream::intake(), Stream::control(), Stream::venue("A")] {
        assert!(refused(journal.take_lease(&stream, one, 0)), "{stream}");
    }
    journal.mark_ended(one).unwrap();
    assert!(refused(journal.take_lease(&account(), one, 0)));
    let two = journal.register("two", 0, 1).unwrap();
    assert_eq!(journal.take_lease(&account(), two, 0).unwrap(), Some(1));
    assert!(refused(journal.take_lease(&account(), one, 1)));
    assert_eq!(journal.take_lease(&account(), one, 0).unwrap(), None, "first who has it, then who asks");
    assert_eq!(journal.leases().unwrap()[0].holder, two);
}

fn a_renewal_names_what_was_lost<W: World>() {
    let world = W::new();
    let (mut one, mut two) = (world.open(), world.open());
    let first = one.register("one", 0, 1).unwrap();
    let second = two.register("two", 0, 1).unwrap();
    let [a, b, c] = ["a", "b", "c"].map(Stream::account);
    one.take_lease(&a, first, 0).unwrap();
    one.take_lease(&b, first, 0).unwrap();
    let all = [a.clone(), b.clone(), c.clone()];
    assert_eq!(one.renew(first, &all).unwrap(), std::slice::from_ref(&c));
    two.take_lease(&a, second, 1).unwrap();
    two.changed().unwrap();
    assert_eq!(one.renew(first, &all).unwrap(), [a.clone(), c.clone()]);
    assert!(two.changed().unwrap());
    assert_eq!(one.renew(first, &[a, c]).unwrap().len(), 2);
    assert!(!two.changed().unwrap(), "nothing was renewed");
    let renewals: Vec<_> = one.leases().unwrap().iter().map(|lease| (lease.epoch, lease.renewals)).collect();
    assert_eq!(renewals, [(2, 0), (1, 2)]);
}

fn a_lease_that_was_renewed_after_the_last_look_is_not_taken<W: World>() {
    let world = W::new();
    let (mut holder, mut challenger) = (world.open(), world.open());
    let first = holder.register("one", 0, 1).unwrap();
    let second = challenger.register("two", 0, 1).unwrap();
    holder.take_lease(&account(), first, 0).unwrap();
    let seen = challenger.leases().unwrap().remove(0);
    holder.renew(first, &[account()]).unwrap();
    assert_eq!(challenger.take_expired(&seen, second).unwrap(), None);
    let seen = challenger.leases().unwrap().remove(0);
    assert_eq!(challenger.take_expired(&seen, second).unwrap(), Some(2));
    assert_eq!(challenger.take_expired(&seen, second).unwrap(), None);
}

fn a_silent_holder_is_followed_after_the_time_to_live<W: World>() {
    const TTL: u64 = 3_000;
    let world = W::new();
    let (mut holder, mut challenger) = (world.open(), world.open());
    let first = holder.register("one", 0, 1).unwrap();
    let second = challenger.register("two", 0, 1).unwrap();
    holder.take_lease(&account(), first, 0).unwrap();
    let mut watch = LeaseWatch::new();
    let mut now = 0;
    let mut look = |challenger: &mut W::Handle, watch: &mut LeaseWatch| {
        now += 1_000;
        challenger.leases().unwrap().iter().for_each(|lease| watch.observe(lease, now));
        watch.may_take(&account(), now, TTL)
    };
    for turn in 0..10 {
        assert!(!look(&mut challenger, &mut watch), "the holder lives");
        durable(holder.append(&decisions(turn, 1, turn, 1)));
    }
    let silent = (0..10).take_while(|_| !look(&mut challenger, &mut watch)).count();
    assert_eq!(silent, 3, "one look to see the newest renewal, then the time to live");
    let seen = watch.seen(&account()).unwrap();
    assert_eq!(challenger.take_expired(seen, second).unwrap(), Some(2));
    assert!(matches!(holder.append(&decisions(99, 1, 10, 1)), Append::Fenced { epoch: 2, .. }));
    assert_eq!(holder.renew(first, &[account()]).unwrap(), [account()]);
}
