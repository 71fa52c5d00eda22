//! Clients and operators: what they send, and what they are told.

use super::*;

impl World {
    pub(super) fn found_journal(&mut self) {
        let incarnation = u32::try_from(self.random.between(1, 9_999)).unwrap();
        self.post(Event::JournalBegan(JournalBegan { incarnation, restored_at: None }));
        for index in 0..self.venues.len() {
            let venue = &self.venues[index];
            let added = AccountAdded {
                account: venue.account.clone(),
                class: venue.class,
                funds: venue.funds,
                url: "http://127.0.0.1:1".to_owned(),
                api_key: "key".to_owned(),
                limits: Limits {
                    orders_per_second: Some(4),
                    freeze_quantity: self.random.chance(500).then_some(160),
                    ..Limits::default()
                },
                by: "operator".to_owned(),
            };
            self.post(Event::AccountAdded(added));
        }
    }

    pub(super) fn post(&mut self, event: Event) {
        self.posts.push(Post { event, attempts: 0, replied: false });
        self.send_post(self.posts.len() - 1);
    }

    /// To any instance, held by it or not. Nobody listening: later.
    pub(super) fn send_post(&mut self, post: usize) {
        let alive = self.alive();
        self.posts[post].attempts += 1;
        if let Some(slot) = alive.get(self.random.index(alive.len())) {
            let number = self.slots[*slot].as_ref().unwrap().number;
            let delay = self.random.between(0, 3 * MS);
            self.after(delay, Happening::Post(number, post));
        }
        self.after(3 * SECOND, Happening::Patience(post));
    }

    pub(super) fn patience(&mut self, post: usize) {
        let known = &self.posts[post];
        if !known.replied && known.attempts < 12 {
            self.counts.hit("client asked again");
            self.send_post(post);
        }
    }

    /// A post reaches an instance.
    pub(super) fn ask(&mut self, slot: usize, post: usize) {
        let ticket = clients::new_ticket(&mut self.tickets);
        let mut event = self.posts[post].event.clone();
        if let Event::OrderCommanded(command) = &mut event {
            // A named order that is asked for again gets another id at intake; the first one holds.
            if command.client_id.is_some() && self.posts[post].attempts > 1 {
                command.order = self.at(slot).engine.draw_order_id();
            }
        }
        let number = self.at(slot).number;
        let is_first =
            self.posts[post].attempts == 1 && clients::key(&event).is_none_or(|key| self.names.insert(key));
        let after = is_first.then(|| self.oracle.head());
        self.asked.insert(ticket, Asked { post, event: event.clone(), number, after });
        let input = match event {
            Event::SignalReceived(signal) => Input::Signal { signal: Box::new(signal), ticket },
            Event::OrderCommanded(command) => Input::Command { command: Box::new(command), ticket },
            Event::GttCommanded(command) => Input::Gtt { command: Box::new(command), ticket },
            Event::FateResolved(resolved) => Input::Judgement { resolved: Box::new(resolved), ticket },
            event => Input::Control { event: Box::new(event), made_at: None, ticket },
        };
        self.give(slot, input);
    }

    pub(super) fn client(&mut self) {
        if self.calm {
            return;
        }
        let name = self.posts.len();
        match self.random.index(100) {
            0..12 => {
                let account = self.accounts[self.random.index(self.accounts.len())].clone();
                let state = self.oracle.state();
                let event = clients::gtt(&mut self.random, &self.market, state, account, name);
                self.post(event);
            }
            12..45 => {
                for one in 0..self.random.pick(&[1, 1, 1, 4]) {
                    let event = clients::signal(&mut self.random, &self.market, &self.accounts, name + one);
                    self.post(event);
                }
            }
            45..60 => self.place(name),
            60..75 => {
                let Some(slot) = self.any_running() else { return };
                let fresh = self.at(slot).engine.draw_order_id();
                let event = clients::change(&mut self.random, self.oracle.state(), fresh, name);
                event.into_iter().for_each(|event| self.post(event));
            }
            75..87 => {
                let old = self.random.index(self.posts.len());
                let event = self.posts[old].event.clone();
                if clients::key(&event).is_some() {
                    let event = if self.random.chance(500) {
                        clients::altered(&mut self.random, &event)
                    } else {
                        event
                    };
                    self.post(event);
                }
            }
            87..97 => {
                let event = clients::control(&mut self.random, &self.accounts, name);
                self.post(event);
            }
            _ => self.judgement(),
        }
    }

    pub(super) fn any_running(&mut self) -> Option<usize> {
        let running = self
            .alive()
            .into_iter()
            .filter(|slot| self.slots[*slot].as_ref().is_some_and(|one| one.frozen.is_none()));
        let running: Vec<usize> = running.collect();
        running.get(self.random.index(running.len())).copied()
    }

    pub(super) fn place(&mut self, name: usize) {
        let Some(slot) = self.any_running() else { return };
        let order = self.at(slot).engine.draw_order_id();
        let account = self.accounts[self.random.index(self.accounts.len())].clone();
        let event = clients::place(&mut self.random, &self.market, account, order, name);
        self.post(event);
    }

    /// A person looks at the broker's own screen and says that a doubted order is there.
    pub(super) fn judgement(&mut self) {
        let state = self.oracle.state();
        let doubted =
            state.orders.values().find(|order| order.call(1).is_some_and(|call| call.fate == Fate::Unknown));
        let Some(order) = doubted else { return };
        let venue = self.venues.iter().find(|venue| venue.account == order.account).unwrap();
        let Some(held) = venue.orders.iter().find(|held| held.order == Some(order.id)) else { return };
        let resolved = FateResolved {
            intent: IntentId { order: order.id, n: 1 },
            account: order.account.clone(),
            found: Found::Reached { venue_order_id: held.id.clone() },
            evidence: "a person saw it".to_owned(),
        };
        self.post(Event::FateResolved(resolved));
    }

    pub(super) fn reply(&mut self, ticket: Ticket, reply: &Reply) -> Checked {
        // The reply to a book that was asked for: nobody remembers it.
        let Some(asked) = self.asked.remove(&ticket) else { return Ok(()) };
        if !matches!(reply, Reply::Unavailable { .. }) {
            clients::judge(reply, &asked, &self.oracle)?;
        }
        let post = &mut self.posts[asked.post];
        match reply {
            Reply::Recorded { .. } => self.counts.hit("reply recorded"),
            Reply::Known { .. } => self.counts.hit("reply known"),
            Reply::Conflict { .. } => self.counts.hit("reply conflict"),
            Reply::Unavailable { .. } => {
                self.counts.hit("reply unavailable");
                return Ok(());
            }
            Reply::NotHolder { .. } => self.counts.hit("reply not holder"),
            Reply::OlderInstance => return violated(LIVES, "all instances are of one version"),
        }
        post.replied = true;
        // A halt that was answered holds from now on: the journal refuses what had not seen it.
        if let (Event::OrderCommanded(command), Reply::Conflict { .. }) = (&asked.event, reply)
            && command.client_id.is_none()
            && matches!(command.what, CommandedAct::Place(_))
        {
            return violated(BOOK, format!("an unnamed order is in conflict: {command:?}"));
        }
        Ok(())
    }
}
