//! A binary ticker message: framing and every packet in it.
#![no_main]

use kite::ticker::message::{self, Builder, Message};
use kite::ticker::packet;
use libfuzzer_sys::fuzz_target;
use market::{Mode, TickKind};

fuzz_target!(|bytes: &[u8]| {
    let _ = packet::decode(bytes);
    let Ok(Message::Packets(packets)) = message::decode(bytes) else { return };
    assert_eq!(packets.len(), packets.clone().count());

    let mut builder = Builder::new();
    for packet in packets {
        builder.push_packet(packet).expect("as many packets as the message had");
        let Ok(tick) = packet::decode(packet) else { continue };
        let mut again = Vec::new();
        packet::encode(&tick, Mode::Full, &mut again).expect("what was read fits");
        assert_eq!(packet::decode(&again), Ok(tick));
        if tick.mode != Mode::Full || tick.kind == TickKind::Index {
            assert_eq!(
                again, packet,
                "only full packets of tradables have padding, whose content is not kept"
            );
        }
    }
    assert_eq!(builder.finish(), bytes);
});
