"""Who gets a connection when all are taken, and who has to leave for it.

usage: room.py ECHO_SERVER; see asking.py.
"""
import select, time

from asking import GET, HALF, STATE, Server, check, connect, expect, read_all, request, run_checks

# ---- room: 256 descriptors are 160 connections, of which the gated listener has 8 for each worker, and 32 second ones ----

ROOM, GATED_ROOM, DOUBLES = 152, 8, 32


def is_open(connection):
    return read_all(connection, 0.2) == (b"", "open")


def count_closed(connections, wait):
    poll = select.poll()
    for connection in connections:
        poll.register(connection, select.POLLIN)
    time.sleep(wait)
    return len(poll.poll(0))


def is_answered(port, wait=1.0):
    with connect(port) as connection:
        connection.sendall(request("GET /static HTTP/1.1", "X-Key: open"))
        return read_all(connection, wait)[0].startswith(b"HTTP/1.1 200")


@check
def the_connection_that_was_idle_for_longest_makes_room_for_a_new_one():
    server = Server("workers=1", descriptors=256)
    held = [connect(server.plain) for _ in range(ROOM)]
    time.sleep(0.3)
    held[0].sendall(request("GET /static HTTP/1.1"))
    assert held[0].recv(4096).startswith(b"HTTP/1.1 200")
    held[2].sendall(HALF)
    time.sleep(0.1)
    assert is_open(held[1]), "nobody needs to leave yet"
    assert is_answered(server.plain) and read_all(held[1], 0.5) == (b"", "closed")
    late = [connect(server.plain) for _ in range(2)]
    assert read_all(held[3], 0.5) == (b"", "closed"), "idle"
    assert is_open(held[0]), "not idle for long"
    assert is_open(held[2]), "a request is on its way"
    held[2].sendall(b"\r\n")
    assert held[2].recv(4096).startswith(b"HTTP/1.1 200")
    for connection in held + late:
        connection.close()
    assert server.stop() == 0, server.other_words


@check
def a_new_connection_waits_for_its_turn_while_all_others_are_busy():
    server = Server("workers=1", descriptors=256)
    held = []
    for _ in range(ROOM):
        held.append(connect(server.plain))
        held[-1].sendall(request("GET /wait?2000 HTTP/1.1"))
    time.sleep(0.5)
    with connect(server.plain) as late:
        late.sendall(request(GET))
        assert read_all(late, 0.5) == (b"", "open")
        assert read_all(late, 3)[0].startswith(b"HTTP/1.1 200")
    for connection in held:
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        connection.close()
    assert server.stop() == 0, server.other_words


@check
def connections_that_all_fell_to_one_worker_have_the_whole_room_before_one_is_closed():
    server, room = Server("workers=2", descriptors=256), ROOM - GATED_ROOM
    held = [connect(server.plain)]
    held[0].sendall(request("GET /block HTTP/1.1"))
    time.sleep(0.15)  # while one worker is blocked the other takes them all
    held += [connect(server.plain) for _ in range(room - 1)]
    time.sleep(0.6)
    assert held[0].recv(4096).startswith(b"HTTP/1.1 200")
    assert count_closed(held, 0.3) == 0, "there was room"
    late = connect(server.plain)
    assert 1 <= count_closed(held, 0.5) <= 2, "there was no room"
    assert is_open(late)
    for connection in held + [late]:
        connection.close()
    assert server.stop() == 0, server.other_words


@check
def when_all_connections_wait_and_would_say_farewell_a_quarter_of_the_descriptors_is_left():
    server = Server("workers=1", descriptors=256)
    assert is_answered(server.plain)
    time.sleep(0.2)
    before, held = server.descriptor_count(), []
    for _ in range(ROOM):
        held.append(connect(server.plain))
        held[-1].sendall(request("GET /farewell?2000 HTTP/1.1"))
    time.sleep(0.8)
    during = server.descriptor_count()
    for connection in held:
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        connection.close()
    time.sleep(0.5)
    after = server.descriptor_count()
    assert (during, after) == (before + ROOM + DOUBLES, before), (before, during, after)
    expect(request(GET, "Host: y") + b"x" * 8000000, 400, state="closed", port=server.plain, wait=4)
    assert STATE.sent, "there is room for farewells again"
    assert server.stop() == 0, server.other_words


@check
def a_flood_of_silent_connections_shuts_nobody_out():
    server = Server("workers=1", descriptors=256)
    held = []
    for _ in range(4):
        held += [connect(server.plain) for _ in range(ROOM)]
        assert is_answered(server.plain) and is_answered(server.gated)
    for connection in held:
        connection.close()
    assert server.stop() == 0, server.other_words


@check
def a_flood_of_one_listener_leaves_the_other_its_room():
    server = Server("workers=1", descriptors=256)
    for flooded, other, count in ((server.plain, server.gated, 2 * ROOM), (server.gated, server.plain, 2 * GATED_ROOM)):
        bystander = connect(other)
        held = []
        for _ in range(count):
            held.append(connect(flooded))
            held[-1].sendall(HALF)
        time.sleep(0.3)
        assert not is_answered(flooded, 0.5), "the flood is none"
        assert is_answered(other) and is_open(bystander)
        for connection in held + [bystander]:
            connection.close()
        assert is_answered(flooded, 2)
    assert server.stop() == 0, server.other_words


run_checks()
