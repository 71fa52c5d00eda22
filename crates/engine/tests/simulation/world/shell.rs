//! What the shell around an engine does: it reads clocks and books, and handles what a step puts out.

use super::*;

impl World {
    /// A venue's book covers one day. What is in doubt since an earlier one is ended by a person who asked the venue.
    pub(super) fn ask_a_person(&mut self) {
        if self.now < self.storm + PERSON {
            return;
        }
        for slot in 0..self.slots.len() {
            let Some(instance) = self.slots[slot].as_ref() else { continue };
            let times = self.times(slot);
            let today = times.now.market_time().ist_date();
            let state = instance.engine.state();
            let unknown = |order: &&Arc<Order>| order.day < today && order.stage == Stage::Unknown;
            let said: Vec<(AccountId, IntentId)> = state
                .orders
                .values()
                .filter(unknown)
                .filter(|order| instance.engine.holds(&order.account, times))
                .map(|order| (order.account.clone(), IntentId { order: order.id, n: 1 }))
                .filter(|(_, intent)| !self.is_at_a_venue(intent.order))
                .collect();
            for (account, intent) in said {
                self.counts.hit("doubt of an earlier day ended by a person");
                let resolved = FateResolved {
                    intent,
                    account,
                    found: Found::Absent,
                    evidence: "the venue says so".into(),
                };
                let ticket = Ticket(u64::MAX - self.step);
                self.give(slot, Input::Judgement { resolved: Box::new(resolved), ticket });
            }
        }
    }

    fn is_at_a_venue(&self, order: OrderId) -> bool {
        let shown =
            |venue: &Venue| venue.book_orders(self.now).iter().any(|shown| shown.order == Some(order));
        self.venues.iter().any(shown)
    }

    pub(super) fn give(&mut self, slot: usize, input: Input) {
        let delay = self.random.between(0, 3 * MS);
        let instance = self.at(slot);
        instance.inbox.push(input);
        if !instance.woken {
            instance.woken = true;
            let number = instance.number;
            self.after(delay, Happening::Wake(number));
        }
    }

    /// The engine's thread reads the clock. It may be stopped before it does anything with it.
    pub(super) fn wake(&mut self, slot: usize) -> Checked {
        let times = self.times(slot);
        let number = self.at(slot).number;
        if !self.calm && self.random.chance(4) {
            self.counts.hit("instance frozen after reading the clock");
            let delay = self.hang();
            self.freeze(slot, delay);
        }
        self.after(0, Happening::Step(number, times));
        Ok(())
    }

    pub(super) fn engine_step(&mut self, slot: usize, times: Times) -> Checked {
        let most = self.random.index(12) + 1;
        let instance = self.slots[slot].as_mut().unwrap();
        let number = instance.number;
        let most = most.min(instance.inbox.len());
        let mut inputs: Vec<Input> = instance.inbox.drain(..most).collect();
        inputs.extend(self.market.touched(&mut self.random, times.now.machine));
        let tickets: Vec<Ticket> = inputs.iter().filter_map(ticket_of).collect();
        instance.steps += 1;
        let outputs = instance.engine.step(inputs, &self.market, times);
        self.oracle.follow(&self.venues, &mut self.counts)?;
        if !self.take_outputs(slot, outputs, Some(&tickets))? {
            return Ok(());
        }
        let instance = self.slots[slot].as_mut().unwrap();
        if instance.steps.is_multiple_of(40) {
            self.oracle.compare(&instance.engine, &mut self.counts)?;
        }
        instance.woken = !instance.inbox.is_empty();
        if instance.woken {
            self.after(MS / 2, Happening::Wake(number));
        }
        Ok(())
    }

    /// False when the process has ended.
    pub(super) fn take_outputs(
        &mut self,
        slot: usize,
        outputs: Result<Vec<Output>, engine::EngineError>,
        tickets: Option<&[Ticket]>,
    ) -> Result<bool, Violation> {
        let (died, slow) = {
            let mut wire = self.at(slot).wire.borrow_mut();
            (wire.died, std::mem::take(&mut wire.slow))
        };
        let outputs = match outputs {
            _ if died => {
                self.kill(slot, "instance crashed inside an append");
                return Ok(false);
            }
            Err(engine::EngineError::Journal(_)) => {
                self.kill(slot, "instance stopped by its journal");
                return Ok(false);
            }
            Err(error) => {
                violated(LIVES, format!("{error:?}"))?;
                return Ok(false);
            }
            Ok(outputs) => outputs,
        };
        for output in &outputs {
            // Before anybody can ask again.
            if let Output::Reply(ticket, reply @ Reply::Unavailable { .. }) = output
                && let Some(asked) = self.asked.get(ticket)
            {
                clients::judge(reply, asked, &self.oracle)?;
            }
        }
        if let Some(tickets) = tickets {
            let mut replied: Vec<Ticket> = outputs
                .iter()
                .filter_map(|output| match output {
                    Output::Reply(ticket, _) => Some(*ticket),
                    _ => None,
                })
                .collect();
            let mut waited = tickets.to_vec();
            replied.sort_unstable();
            waited.sort_unstable();
            if replied != waited {
                violated(ANSWERED, format!("{waited:?} waited, {replied:?} were answered"))?;
            }
        }
        if !outputs.is_empty() {
            let delay =
                if slow { self.random.between(50 * MS, 2_500 * MS) } else { self.random.between(0, MS) };
            let instance = self.slots[slot].as_mut().unwrap();
            let number = instance.number;
            let idle = instance.outbox.is_empty();
            instance.outbox.extend(outputs);
            if idle {
                self.after(delay, Happening::Emit(number));
            }
        }
        Ok(true)
    }

    pub(super) fn emit(&mut self, slot: usize) -> Checked {
        if !self.calm && self.random.chance(3) {
            self.kill(slot, "instance crashed");
            return Ok(());
        }
        let instance = self.at(slot);
        let number = instance.number;
        let Some(output) = instance.outbox.pop_front() else { return Ok(()) };
        if !instance.outbox.is_empty() {
            let delay = self.random.between(0, MS / 5);
            self.after(delay, Happening::Emit(number));
        }
        self.say(|| format!("instance {number} {output:?}"));
        match output {
            Output::Reply(ticket, reply) => self.reply(ticket, &reply),
            Output::Send { intended, order, send_by } => self.send(slot, *intended, &order, send_by),
            Output::Gained(account) => {
                self.counts.hit("lease gained");
                self.at(slot).lost.remove(&account);
                self.end_predecessor(&account);
                self.read_book(slot, account, "take_over");
                Ok(())
            }
            Output::Lost(account) => {
                self.counts.hit("lease lost");
                let instance = self.at(slot);
                instance.lost.insert(account);
                instance.has_lost = true;
                Ok(())
            }
        }
    }

    pub(super) fn keep_leases(&mut self, slot: usize) -> Checked {
        let times = self.times(slot);
        let before = self.journal.leases().unwrap();
        let instance = self.slots[slot].as_mut().unwrap();
        let number = instance.number;
        let outputs = instance.engine.keep_leases(times);
        for output in outputs.iter().flatten() {
            if let Output::Gained(account) = output {
                let stream = journal::events::Stream::account(account.as_str());
                if before.iter().any(|lease| lease.stream == stream && self.dead.contains(&lease.holder)) {
                    self.counts.hit("lease gained by proof of death");
                }
            }
        }
        let delay = self.random.between(300 * MS, 700 * MS);
        self.after(delay, Happening::Lease(number));
        self.take_outputs(slot, outputs, None)?;
        Ok(())
    }

    /// What a shell does now and then: books of doubted accounts, books of all, snapshots.
    pub(super) fn poll(&mut self, slot: usize) {
        let times = self.times(slot);
        let (calm, now) = (self.calm, self.now);
        let instance = self.slots[slot].as_mut().unwrap();
        let number = instance.number;
        let held: Vec<AccountId> = instance.engine.held().map(|(account, _)| account.clone()).collect();
        let mut reads = Vec::new();
        for account in held {
            let interval = if calm { 2 * SECOND } else { 6 * SECOND };
            let last = instance.read_at.get(&account).copied().unwrap_or(0);
            if instance.engine.has_doubts(&account) && instance.engine.holds(&account, times) {
                reads.push((account, "doubt"));
            } else if now - last > interval {
                reads.push((account, "interval"));
            }
        }
        if self.random.chance(40) && instance.engine.state().seq > 0 && !instance.engine.has_open_alarms() {
            let state = instance.engine.state();
            self.snapshot =
                Some((state.seq, Snapshot::to_bytes(state, instance.engine.head_hash()).unwrap()));
        }
        for (account, cause) in reads {
            self.read_book(slot, account, cause);
        }
        let delay = self.random.between(600 * MS, 1_400 * MS);
        self.after(delay, Happening::Poll(number));
    }

    pub(super) fn read_book(&mut self, slot: usize, account: AccountId, cause: &'static str) {
        let times = self.times(slot);
        let number = self.at(slot).number;
        let read =
            Read { account, started: times.mono, started_at: times.now.machine, orders: Vec::new(), cause };
        let delay = self.random.between(MS, 120 * MS);
        self.after(delay, Happening::BookOrders(number, Box::new(read)));
    }

    pub(super) fn read_orders(&mut self, slot: usize, mut read: Read) {
        if !self.calm && self.random.chance(100) {
            self.counts.hit("book read failed");
            return;
        }
        let Some(venue) = self.venues.iter().find(|venue| venue.account == read.account) else { return };
        read.orders = venue.book_orders(self.now);
        let number = self.at(slot).number;
        let delay = self.random.between(MS, 120 * MS);
        self.after(delay, Happening::BookTrades(number, Box::new(read)));
    }

    pub(super) fn read_trades(&mut self, slot: usize, read: Read) {
        let finished = self.times(slot).mono;
        let Some(venue) = self.venues.iter().find(|venue| venue.account == read.account) else { return };
        let book = Book {
            account: read.account,
            started: read.started,
            finished,
            started_at: read.started_at,
            orders: read.orders,
            trades: venue.book_trades(self.now),
            positions: Some(venue.book_positions()),
        };
        let now = self.now;
        self.at(slot).read_at.insert(book.account.clone(), now);
        let ticket = self.random.chance(50).then(|| clients::new_ticket(&mut self.tickets));
        self.give(slot, Input::Book { book: Box::new(book), cause: read.cause, ticket });
    }
}

fn ticket_of(input: &Input) -> Option<Ticket> {
    match input {
        Input::Signal { ticket, .. }
        | Input::Command { ticket, .. }
        | Input::Conversion { ticket, .. }
        | Input::Gtt { ticket, .. }
        | Input::Control { ticket, .. }
        | Input::Judgement { ticket, .. } => Some(*ticket),
        Input::Book { ticket, .. } => *ticket,
        Input::Seen { .. } | Input::Venue(_) | Input::Sent(..) => None,
    }
}
