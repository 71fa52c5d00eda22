//! Processes: how they start, end, stop and go on.

use super::*;

impl World {
    pub(super) fn slot_of(&self, number: u32) -> Option<usize> {
        self.slots.iter().position(|one| one.as_ref().is_some_and(|instance| instance.number == number))
    }

    pub(super) fn at(&mut self, slot: usize) -> &mut Instance {
        self.slots[slot].as_mut().unwrap()
    }

    pub(super) fn alive(&self) -> Vec<usize> {
        (0..self.slots.len()).filter(|slot| self.slots[*slot].is_some()).collect()
    }

    pub(super) fn times(&self, slot: usize) -> Times {
        let instance = self.slots[slot].as_ref().unwrap();
        let machine = MORNING + self.now + instance.wall_ahead;
        Times {
            now: Now { machine, market: self.market_ahead + self.now },
            mono: self.now + instance.mono_ahead,
        }
    }

    pub(super) fn start(&mut self, slot: usize) -> Checked {
        if self.slots[slot].is_some() {
            return Ok(());
        }
        let name = format!("i-{}-{}", slot, self.step);
        let number = self.journal.register(&name, self.now, trade::SCHEMA).unwrap();
        let wire = Rc::new(RefCell::new(Wire::default()));
        let faulty = FaultyJournal::new(self.journal.clone(), Rc::clone(&wire), Rc::clone(&self.ghost));
        let snapshot = self.read_snapshot();
        let engine = match Engine::open(faulty, Config::new(number), snapshot) {
            Ok(engine) => engine,
            Err(error) => return violated(LIVES, format!("open: {error:?}")),
        };
        self.oracle.follow(&self.venues, &mut self.counts)?;
        self.oracle.compare(&engine, &mut self.counts)?;
        self.say(|| format!("instance {number} starts at row {}", engine.state().seq));
        self.slots[slot] = Some(Instance {
            number,
            engine,
            wire,
            mono_ahead: self.random.between(SECOND, 100_000 * SECOND),
            wall_ahead: self.random.between(-300 * MS, 300 * MS),
            inbox: Vec::new(),
            woken: false,
            outbox: VecDeque::new(),
            frozen: None,
            lost: BTreeSet::new(),
            has_lost: false,
            read_at: BTreeMap::new(),
            steps: 0,
        });
        for dead in self.dead.clone() {
            let delay = self.random.between(0, 800 * MS);
            self.after(delay, Happening::Dead(number, dead));
        }
        let first = self.random.between(10 * MS, 300 * MS);
        self.after(first, Happening::Lease(number));
        self.after(first, Happening::Poll(number));
        Ok(())
    }

    pub(super) fn read_snapshot(&mut self) -> Option<Snapshot> {
        let (_, bytes) = self.snapshot.clone()?;
        let mut snapshot = Snapshot::from_bytes(&bytes).unwrap();
        if self.random.chance(100) {
            self.counts.hit("instance left a foreign snapshot aside");
            snapshot.hash[0] ^= 1;
            return Some(snapshot);
        }
        let used = self.random.chance(700);
        if used {
            self.counts.hit("instance started from a snapshot");
        }
        used.then_some(snapshot)
    }

    /// The process ends; the operating system closes its sockets.
    pub(super) fn kill(&mut self, slot: usize, why: &'static str) {
        let Some(instance) = self.slots[slot].take() else { return };
        let number = instance.number;
        self.say(|| format!("instance {number} ends: {why}"));
        self.counts.hit(why);
        if !instance.outbox.is_empty() {
            self.counts.hit("instance crashed with outputs in hand");
        }
        self.counts.add(&instance.wire.borrow().counts);
        for flight in self.flights.iter_mut().filter(|flight| flight.number == number && !flight.arrived) {
            flight.cut |= self.random.chance(500);
        }
        self.dead.push(number);
        for other in self.alive() {
            let other = self.at(other).number;
            let delay = self.random.between(MS, 1_500 * MS);
            self.after(delay, Happening::Dead(other, number));
        }
        let delay = self.random.between(100 * MS, 5 * SECOND);
        self.after(delay, Happening::Start(slot));
    }

    /// How long a process hangs: shorter or longer than its lease.
    pub(super) fn hang(&mut self) -> i64 {
        if self.random.chance(250) { 500 * MS } else { self.random.between(2 * SECOND, 9 * SECOND) }
    }

    pub(super) fn freeze(&mut self, slot: usize, delay: i64) {
        let instance = self.at(slot);
        if instance.frozen.is_none() {
            instance.frozen = Some(Vec::new());
            let number = instance.number;
            self.counts.hit("instance frozen");
            self.say(|| format!("instance {number} freezes"));
            self.after(delay, Happening::Thaw(number));
        }
    }

    pub(super) fn thaw(&mut self, number: u32) {
        let Some(slot) = self.slot_of(number) else { return };
        let Some(waiting) = self.at(slot).frozen.take() else { return };
        self.say(|| format!("instance {number} thaws"));
        self.counts.hit("instance thawed");
        for happening in waiting {
            self.after(0, happening);
        }
    }

    pub(super) fn fault(&mut self) -> Checked {
        if self.calm {
            return Ok(());
        }
        let is_long = self.storm == LONG_STORM;
        // Doubts live in memory: who is to believe an absence has to live for long enough.
        let delay = if is_long {
            self.random.between(SECOND, 6 * SECOND)
        } else {
            self.random.between(100 * MS, 900 * MS)
        };
        self.after(delay, Happening::Fault);
        let alive = self.alive();
        let Some(slot) = alive.get(self.random.index(alive.len())).copied() else { return Ok(()) };
        let is_frozen = self.at(slot).frozen.is_some();
        match self.random.index(100) {
            0..4 if is_frozen && is_long => {}
            0..4 if is_frozen => self.kill(slot, "instance killed while frozen"),
            0..4 => self.kill(slot, "instance crashed"),
            4..9 => {
                let delay = self.hang();
                self.freeze(slot, delay);
            }
            9..45 => {
                let trouble = self.random.pick(&Trouble::ALL);
                self.at(slot).wire.borrow_mut().armed = Some(trouble);
            }
            45..50 => {
                let account = self.random.index(self.venues.len());
                let mut request = clients::request(&mut self.random, &self.market);
                request.quantity = i64::from(request.contract.lot);
                let now = self.now;
                self.venues[account].foreign(request, now);
            }
            50..70 => self.contradict(),
            _ => {}
        }
        Ok(())
    }

    /// Who takes a lease ends its last holder, sooner or later, if that hangs.
    pub(super) fn end_predecessor(&mut self, account: &AccountId) {
        let frozen = self.oracle.former_holder(account).and_then(|number| self.slot_of(number));
        let Some(slot) =
            frozen.filter(|slot| self.slots[*slot].as_ref().is_some_and(|one| one.frozen.is_some()))
        else {
            return;
        };
        if self.random.chance(if self.storm == LONG_STORM { 100 } else { 400 }) {
            self.kill(slot, "instance killed while frozen");
        }
    }

    /// The venue tells something of an ended order that cannot be.
    pub(super) fn contradict(&mut self) {
        let state = self.oracle.state();
        let mut ended =
            state.orders.values().filter(|order| order.stage == Stage::Filled && !order.is_busy());
        let Some(order) = ended.next() else { return };
        let venue = self.venues.iter().find(|venue| venue.account == order.account);
        let Some(event) = venue.and_then(|venue| venue.contradiction(order.id)) else { return };
        self.counts.hit("report contradicts");
        for slot in self.alive() {
            let number = self.at(slot).number;
            self.after(MS, Happening::Tell(number, Box::new(event.clone())));
        }
    }

    /// Nothing goes wrong any more; what is frozen, or was past its lease, is ended.
    pub(super) fn calm_down(&mut self) -> Checked {
        self.say(|| "from now on nothing goes wrong".to_owned());
        self.calm = true;
        self.changed_at = self.now;
        for slot in self.alive() {
            self.at(slot).wire.borrow_mut().armed = None;
            if self.at(slot).frozen.is_some() {
                self.kill(slot, "instance killed while frozen");
            } else if self.at(slot).has_lost {
                self.kill(slot, "instance ended after losing a lease");
            }
        }
        if self.alive().is_empty() {
            self.start(0)?;
        }
        for account in [None].into_iter().chain(self.accounts.clone().into_iter().map(Some)) {
            let why = "the storm is over".to_owned();
            let resumed = trade::event::Resumed { account, why, by: "operator".to_owned() };
            self.post(Event::Resumed(resumed));
        }
        for event in clients::delete_all(self.oracle.state(), self.posts.len()) {
            self.post(event);
        }
        Ok(())
    }
}
