//! What an event does to the state of a run. Every row can be folded: one that makes no sense is counted and changes
//! nothing else.

use super::event::{
    Confirmed, Event, GoAheadGiven, Outcome, RunBegan, StepEnded, StepStarted, UndoEnded, UndoStarted,
};
use super::state::{Attempt, End, RunState, Standing, UndoState};

/// Why a row makes no sense where it stands: commands are refused with it before they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Nonsense {
    /// Or begun twice.
    #[error("the run has not begun, or has begun already")]
    Beginning,
    /// It names another run.
    #[error("it is about another run")]
    AnotherRun,
    /// Nothing comes after the end.
    #[error("the run is over")]
    Over,
    /// Paused twice, or resumed without a pause.
    #[error("the run is paused already, or is not paused")]
    Pause,
    /// One thing at a time.
    #[error("another step is being done")]
    Busy,
    /// Attempts count up by one.
    #[error("it is about another attempt than the present one")]
    AnotherAttempt,
    /// The step does not stand where this could happen.
    #[error("the step does not stand where this could happen")]
    AnotherStanding,
    /// The way back goes one way.
    #[error("the run is on its way back, or is not")]
    WayBack,
}

impl RunState {
    /// The state after all of these rows.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> RunState {
        let mut state = RunState::default();
        state.extend(events);
        state
    }

    /// Folds further rows.
    pub fn extend<'a>(&mut self, events: impl IntoIterator<Item = &'a Event>) {
        for event in events {
            if self.apply(event).is_err() {
                self.nonsense += 1;
            }
        }
    }

    /// Folds one row, or changes nothing.
    ///
    /// # Errors
    /// [`Nonsense`] where such a row cannot stand here.
    pub fn apply(&mut self, event: &Event) -> Result<(), Nonsense> {
        if let Event::RunBegan(body) = event {
            return self.begin(body);
        }
        let began = self.began.as_ref().ok_or(Nonsense::Beginning)?;
        if began.run != run_of(event) {
            return Err(Nonsense::AnotherRun);
        }
        if self.ended.is_some() {
            return Err(Nonsense::Over);
        }
        match event {
            Event::RunBegan(_) => return Err(Nonsense::Beginning),
            Event::RunTakenOver(_) => self.interrupt(),
            Event::RunPaused(_) if self.paused.is_some() => return Err(Nonsense::Pause),
            Event::RunPaused(body) => self.paused = Some(body.clone()),
            Event::RunResumed(_) => {
                self.paused.take().ok_or(Nonsense::Pause)?;
            }
            Event::RunTurnedBack(_) if self.turned_back.is_some() => return Err(Nonsense::WayBack),
            Event::RunTurnedBack(body) => self.turned_back = Some(body.clone()),
            Event::RunEnded(body) => self.ended = Some(body.clone()),
            Event::StepStarted(body) => return self.start(body),
            Event::StepEnded(body) => return self.end(body),
            Event::Confirmed(body) => return self.confirm(body),
            Event::GoAheadGiven(body) => return self.clear(body),
            Event::UndoStarted(body) => return self.start_undo(body),
            Event::UndoEnded(body) => return self.end_undo(body),
        }
        Ok(())
    }

    fn begin(&mut self, body: &RunBegan) -> Result<(), Nonsense> {
        if self.began.is_some() {
            return Err(Nonsense::Beginning);
        }
        for (step, wanted) in &body.choices {
            let state = self.steps.entry(step.clone()).or_default();
            if *wanted {
                state.go_ahead = Some(1);
            } else {
                let why = "left out when the run began".to_owned();
                let outcome = Outcome::Skipped { by: body.by.clone(), why };
                state.skipped = Some(End { outcome, at: body.at, by: Some(body.by.clone()), output: None });
            }
        }
        self.began = Some(body.clone());
        Ok(())
    }

    fn interrupt(&mut self) {
        let attempts = self.steps.values_mut().filter_map(|step| step.attempts.last_mut());
        attempts.filter(|attempt| attempt.end.is_none()).for_each(|attempt| attempt.interrupted = true);
        let undos = self.undos.values_mut().filter(|undo| undo.end.is_none());
        undos.for_each(|undo| undo.interrupted = true);
    }

    fn start(&mut self, body: &StepStarted) -> Result<(), Nonsense> {
        if self.open().is_some() {
            return Err(Nonsense::Busy);
        }
        if self.turned_back.is_some() || !self.undos.is_empty() {
            return Err(Nonsense::WayBack);
        }
        match self.standing(&body.step) {
            Standing::Done(_) | Standing::Skipped(_) | Standing::Open(_) => {
                return Err(Nonsense::AnotherStanding);
            }
            Standing::Untouched | Standing::InDoubt(_) | Standing::Failed(_) | Standing::TimedOut(_) => {}
        }
        if body.attempt != self.coming(&body.step) {
            return Err(Nonsense::AnotherAttempt);
        }
        let attempt = Attempt { number: body.attempt, started: body.at, end: None, interrupted: false };
        self.steps.entry(body.step.clone()).or_default().attempts.push(attempt);
        Ok(())
    }

    fn end(&mut self, body: &StepEnded) -> Result<(), Nonsense> {
        let (outcome, output) = (body.outcome.clone(), body.output.clone());
        let end = End { outcome, at: body.at, by: body.by.clone(), output };
        if let Outcome::Skipped { by, .. } = &body.outcome {
            if body.attempt != self.coming(&body.step) - 1 {
                return Err(Nonsense::AnotherAttempt);
            }
            if matches!(self.standing(&body.step), Standing::Done(_) | Standing::Skipped(_)) {
                return Err(Nonsense::AnotherStanding);
            }
            let by = Some(by.clone());
            self.steps.entry(body.step.clone()).or_default().skipped = Some(End { by, ..end });
            return Ok(());
        }
        let attempt = self.current(&body.step)?;
        if attempt.number != body.attempt {
            return Err(Nonsense::AnotherAttempt);
        }
        attempt.end = Some(end);
        Ok(())
    }

    fn confirm(&mut self, body: &Confirmed) -> Result<(), Nonsense> {
        let end = End { outcome: Outcome::Done, at: body.at, by: Some(body.by.clone()), output: None };
        if let Standing::TimedOut(_) = self.standing(&body.step) {
            let attempts = self.steps.get_mut(&body.step).map(|step| &mut step.attempts);
            let last = attempts.and_then(|attempts| attempts.last_mut()).ok_or(Nonsense::AnotherStanding)?;
            last.end = Some(end);
            return Ok(());
        }
        self.current(&body.step)?.end = Some(end);
        Ok(())
    }

    fn clear(&mut self, body: &GoAheadGiven) -> Result<(), Nonsense> {
        match self.standing(&body.step) {
            Standing::Untouched | Standing::InDoubt(_) | Standing::TimedOut(_) => {}
            Standing::Open(_) | Standing::Done(_) | Standing::Skipped(_) | Standing::Failed(_) => {
                return Err(Nonsense::AnotherStanding);
            }
        }
        if body.attempt != self.coming(&body.step) {
            return Err(Nonsense::AnotherAttempt);
        }
        self.steps.entry(body.step.clone()).or_default().go_ahead = Some(body.attempt);
        Ok(())
    }

    fn start_undo(&mut self, body: &UndoStarted) -> Result<(), Nonsense> {
        if self.open().is_some() || self.undos.values().any(|undo| undo.end.is_none() && !undo.interrupted) {
            return Err(Nonsense::Busy);
        }
        if self.undos.contains_key(&body.step) || !self.may_be_done(&body.step) {
            return Err(Nonsense::AnotherStanding);
        }
        let undo = UndoState { started: body.at, end: None, interrupted: false };
        self.undos.insert(body.step.clone(), undo);
        Ok(())
    }

    fn end_undo(&mut self, body: &UndoEnded) -> Result<(), Nonsense> {
        let undo = self.undos.get_mut(&body.step).filter(|undo| undo.end.is_none());
        let undo = undo.ok_or(Nonsense::AnotherStanding)?;
        let skipped_by =
            if let Outcome::Skipped { by, .. } = &body.outcome { Some(by.clone()) } else { None };
        let by = skipped_by.or_else(|| body.by.clone());
        undo.end = Some(End { outcome: body.outcome.clone(), at: body.at, by, output: body.output.clone() });
        Ok(())
    }

    /// The attempt whose end is not known.
    fn current(&mut self, step: &str) -> Result<&mut Attempt, Nonsense> {
        let step = self.steps.get_mut(step).filter(|step| step.skipped.is_none());
        let attempt = step.and_then(|step| step.attempts.last_mut()).filter(|attempt| attempt.end.is_none());
        attempt.ok_or(Nonsense::AnotherStanding)
    }
}

fn run_of(event: &Event) -> &str {
    match event {
        Event::RunBegan(body) => &body.run,
        Event::RunTakenOver(body) => &body.run,
        Event::RunPaused(body) => &body.run,
        Event::RunResumed(body) => &body.run,
        Event::RunTurnedBack(body) => &body.run,
        Event::RunEnded(body) => &body.run,
        Event::StepStarted(body) => &body.run,
        Event::StepEnded(body) => &body.run,
        Event::Confirmed(body) => &body.run,
        Event::GoAheadGiven(body) => &body.run,
        Event::UndoStarted(body) => &body.run,
        Event::UndoEnded(body) => &body.run,
    }
}
