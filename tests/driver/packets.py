"""The ticker's binary packets, read from the protocol reference and not from anybody's client."""

import struct

LTP, INDEX_QUOTE, INDEX_FULL, QUOTE, FULL = 8, 28, 32, 44, 184
INDICES = 9


def split(message):
    """The packets of one message; the lengths must add up."""
    (count,) = struct.unpack_from(">H", message)
    packets, at = [], 2
    for _ in range(count):
        (length,) = struct.unpack_from(">H", message, at)
        packets.append(message[at + 2 : at + 2 + length])
        at += 2 + length
    assert at == len(message), f"{len(message)} bytes, packets end at {at}"
    return packets


def token_of(packet):
    return struct.unpack_from(">I", packet)[0]


def decode(packet):
    """One packet as a dict; prices in hundredths (NSE, NFO and indices only)."""
    token, last = struct.unpack_from(">II", packet)
    tick = {"token": token, "last": last, "length": len(packet)}
    if len(packet) in (INDEX_QUOTE, INDEX_FULL):
        names = ("high", "low", "open", "close")
        tick.update(zip(names, struct.unpack_from(">4I", packet, 8)))
    elif len(packet) in (QUOTE, FULL):
        names = ("last_quantity", "average", "volume", "buy_quantity", "sell_quantity", "open", "high", "low", "close")
        tick.update(zip(names, struct.unpack_from(">9I", packet, 8)))
    if len(packet) == INDEX_FULL:
        (tick["time"],) = struct.unpack_from(">I", packet, 28)
    if len(packet) == FULL:
        names = ("last_trade_time", "oi", "oi_high", "oi_low", "time")
        tick.update(zip(names, struct.unpack_from(">5I", packet, 44)))
        levels = [struct.unpack_from(">IIH", packet, 64 + 12 * i) for i in range(10)]
        tick["bids"], tick["offers"] = levels[:5], levels[5:]
    return tick
