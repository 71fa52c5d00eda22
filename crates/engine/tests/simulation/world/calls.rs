//! Calls on their way to the venue, and what comes back.

use super::*;

impl World {
    pub(super) fn send(
        &mut self,
        slot: usize,
        intended: Intended,
        order: &Arc<Order>,
        send_by: i64,
    ) -> Checked {
        if order.id != intended.intent.order {
            return violated(RECORDED, "a call came with another order");
        }
        let mono = self.times(slot).mono;
        let instance = self.slots[slot].as_ref().unwrap();
        let number = instance.number;
        let halted = instance.engine.state().halt(&intended.account).is_some();
        let why = if mono >= send_by || instance.lost.contains(&intended.account) {
            self.counts.hit("call too late");
            Some("its time to be sent had passed")
        } else if halted && intended.call != Call::Cancel {
            self.counts.hit("call stopped by a halt");
            Some("trading was halted before it was sent")
        } else {
            None
        };
        if let Some(why) = why {
            let answer = Answer::NeverLeft { why: why.to_owned() };
            self.answered(slot, &intended, answer);
            return Ok(());
        }
        let is_long = self.storm == LONG_STORM;
        if !self.calm && self.random.chance(if is_long { 90 } else { 8 }) {
            // Stopped between the check and the write: only the proof of its death ends this doubt.
            self.counts.hit("instance frozen between check and write");
            let delay = if is_long { self.random.between(18 * SECOND, 28 * SECOND) } else { self.hang() };
            self.freeze(slot, delay);
            self.after(0, Happening::Write(number, Box::new(intended), i64::MAX));
            return Ok(());
        }
        self.write(slot, intended, send_by)
    }

    pub(super) fn write(&mut self, slot: usize, intended: Intended, send_by: i64) -> Checked {
        if self.times(slot).mono >= send_by {
            return violated(ABSENT, format!("{} was sent too late", intended.intent));
        }
        self.intended_first(intended.intent)?;
        self.counts.hit("call sent");
        let (account, intent) = (intended.account.clone(), intended.intent);
        let number = self.at(slot).number;
        let flight = self.flights.len();
        let dropped = !self.calm && self.random.chance(60);
        if dropped {
            self.counts.hit("call dropped before the venue");
        }
        let cut = !self.calm && self.random.chance(60);
        let answer_dropped = !self.calm && self.random.chance(60);
        self.flights.push(Flight {
            number,
            intended,
            arrived: false,
            cut: dropped,
            answered: false,
            answer_dropped,
        });
        let delay = self.delay();
        self.after(delay, Happening::Arrive(flight));
        if cut {
            let delay = self.random.between(MS, 300 * MS);
            let unknown = Answer::Unknown { why: "the connection was cut".to_owned() };
            self.after(delay, Happening::Answer(number, flight, unknown));
        }
        let unknown = Answer::Unknown { why: "no answer in time".to_owned() };
        let timeout = Config::new(number).request_timeout;
        self.after(timeout, Happening::Answer(number, flight, unknown));
        self.give(slot, Input::Sent(account, intent));
        Ok(())
    }

    /// Mostly short; never as long as the time-out of a request.
    pub(super) fn delay(&mut self) -> i64 {
        match self.random.index(100) {
            0..88 => self.random.between(3 * MS, 50 * MS),
            _ if self.calm => 60 * MS,
            88..97 => self.random.between(100 * MS, 2 * SECOND),
            _ => self.random.between(2 * SECOND, 6_500 * MS),
        }
    }

    pub(super) fn intended_first(&self, intent: IntentId) -> Checked {
        if self.oracle.intended.contains_key(&intent) {
            Ok(())
        } else {
            violated(RECORDED, format!("{intent} is sent, and no row intends it"))
        }
    }

    pub(super) fn arrive(&mut self, flight: usize) -> Checked {
        let now = self.now;
        let known = &mut self.flights[flight];
        if known.cut {
            return Ok(());
        }
        known.arrived = true;
        let (number, intended) = (known.number, known.intended.clone());
        self.intended_first(intended.intent)?;
        let index = self.venues.iter().position(|venue| venue.account == intended.account).unwrap();
        if self.slot_of(number).is_none() {
            self.counts.hit("call arrived after its sender's death");
        }
        let venue = &mut self.venues[index];
        let answer = venue.receive(&intended, &mut self.random, now, self.calm, &mut self.counts);
        self.say(|| {
            format!("venue gets {} from {number}: {:?} -> {answer:?}", intended.intent, intended.call)
        });
        if self.venues[index].received[&intended.intent] > 1 {
            return violated(ONCE, format!("{} came twice", intended.intent));
        }
        if answer.is_ok() && self.oracle.absent.contains(&intended.intent) {
            return violated(ABSENT, format!("{} arrives after it was taken for absent", intended.intent));
        }
        self.news(index);
        if self.flights[flight].answer_dropped {
            self.counts.hit("call's answer dropped");
            return Ok(());
        }
        let answer = match answer {
            Ok(venue_order_id) => Answer::Acknowledged { venue_order_id },
            Err(message) => {
                self.counts.hit("call refused");
                Answer::Refused { code: "OrderException".to_owned(), message }
            }
        };
        let delay = self.delay();
        self.after(delay, Happening::Answer(number, flight, answer));
        Ok(())
    }

    pub(super) fn answer(&mut self, slot: usize, flight: usize, answer: Answer) {
        let known = &mut self.flights[flight];
        if std::mem::replace(&mut known.answered, true) {
            return;
        }
        if let Answer::Unknown { why } = &answer {
            // The socket is closed now: what has not arrived does not arrive.
            known.cut = true;
            self.counts.hit(if why.contains("cut") { "call cut early" } else { "call timed out" });
        }
        let intended = known.intended.clone();
        self.answered(slot, &intended, answer);
    }

    pub(super) fn answered(&mut self, slot: usize, intended: &Intended, answer: Answer) {
        let answered = CallAnswered { intent: intended.intent, account: intended.account.clone(), answer };
        self.give(slot, Input::Venue(Box::new(Event::CallAnswered(answered))));
    }

    pub(super) fn fill(&mut self, venue: usize, order: usize) {
        let contract = self.venues[venue].orders[order].request.contract.clone();
        let last = self.market.last(&contract);
        self.venues[venue].trade(order, &mut self.random, self.now, last, &mut self.counts);
        self.news(venue);
    }

    /// What the venue has to tell goes to some instances, late, twice or not at all.
    pub(super) fn news(&mut self, venue: usize) {
        let due: Vec<usize> = self.venues[venue].due.drain(..).collect();
        for order in due {
            let delay = if self.random.chance(400) { 2 * MS } else { self.random.between(0, 3 * SECOND) };
            self.after(delay, Happening::Fill(venue, order));
        }
        let news: Vec<Event> = self.venues[venue].news.drain(..).collect();
        if !news.is_empty() {
            self.changed_at = self.now;
        }
        for event in news {
            for slot in self.alive() {
                if self.random.chance(350) {
                    self.counts.hit("report dropped");
                    continue;
                }
                let number = self.at(slot).number;
                if self.random.chance(100) {
                    self.counts.hit("report twice");
                    let delay = self.random.between(MS, 20 * MS);
                    self.after(delay, Happening::Tell(number, Box::new(event.clone())));
                }
                let late = self.random.chance(100);
                if late {
                    self.counts.hit("report late");
                }
                let delay = self.random.between(MS, if late { 3 * SECOND } else { 20 * MS });
                self.after(delay, Happening::Tell(number, Box::new(event.clone())));
            }
        }
    }
}
