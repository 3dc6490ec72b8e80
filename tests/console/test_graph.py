"""The network's drawing: clusters, layers, the way between two assets."""

from dataclasses import replace

from holdfast.console.graph import (
    FEW,
    FORMS,
    MAXIMUM_OPEN,
    Edge,
    Layout,
    Node,
    Wish,
    document,
    draw,
    shortest_path,
)


def node(id: int, level: float | None = 1.0, zone: str = "hall", type: str = "PLC", **more: object) -> Node:
    values = {"score": 100.0, "alarm": "", "authorized": True, "important": False, **more}
    return Node(id, f"n{id}", f"10.0.0.{id}", type, level, zone, **values)  # type: ignore[arg-type]  # of the table above


def edge(source: int, target: int, last: float = 1.0) -> Edge:
    return Edge(source, target, ("modbus",), 100, last)


def test_few_assets_stand_alone() -> None:
    drawing = draw([node(1), node(2)], [edge(1, 2)], Wish())
    assert [spot.id for spot in drawing.spots] == ["1", "2"]
    assert [(line.source, line.target) for line in drawing.lines] == [("1", "2")]


def test_many_assets_are_drawn_as_clusters_that_open_step_by_step() -> None:
    nodes = [node(n, zone="east" if n % 2 else "west", type="PLC" if n % 3 else "HMI") for n in range(1200)]
    zones = Wish(layout=Layout.ZONE)
    closed = draw(nodes, [edge(0, 1), edge(2, 3)], zones)
    assert {spot.id: spot.members for spot in closed.spots} == {"east": 600, "west": 600}
    assert [(line.source, line.target, line.octets) for line in closed.lines] == [("west", "east", 200)]
    layer = draw(nodes, [], replace(zones, open=frozenset({"east"})))
    assert {spot.id for spot in layer.spots} == {"west", "east / Control"}
    types = draw(nodes, [], replace(zones, open=frozenset({"east", "east / Control"})))
    assert {s.id for s in types.spots} == {"west", "east / Control / PLC", "east / Control / HMI"}


def test_by_purdue_level_a_cluster_never_holds_two_layers() -> None:
    nodes = [node(n, level=float(n % 2), zone="east" if n % 4 < 2 else "west") for n in range(1200)]
    drawing = draw(nodes, [], Wish())
    assert {spot.id: spot.layer for spot in drawing.spots} == {
        f"{zone} / {layer}": layer for zone in ("east", "west") for layer in ("Control", "Process")
    }
    assert set(drawing.places) == {spot.id for spot in drawing.spots}


def test_few_assets_of_an_opened_cluster_stand_alone_at_once() -> None:
    many = [node(n, zone="east") for n in range(1000)]
    nodes = [*many, *(node(n, zone="west", type="PLC" if n % 2 else "HMI") for n in range(1000, 1000 + FEW))]
    zones = Wish(layout=Layout.ZONE)
    assert {spot.id for spot in draw(nodes, [], zones).spots} == {"east", "west"}
    opened = draw(nodes, [], replace(zones, open=frozenset({"west"})))
    assert {spot.id for spot in opened.spots if spot.node} == {str(n) for n in range(1000, 1000 + FEW)}


def test_an_asset_that_somebody_looks_for_leaves_its_cluster() -> None:
    drawing = draw([node(n) for n in range(1000)], [], Wish(shown=frozenset({7})))
    assert [(spot.id, spot.label) for spot in drawing.spots] == [
        ("7", "n7"),
        ("hall / Control / PLC", "PLC (999)"),
    ]


def test_an_opened_cluster_is_bounded() -> None:
    nodes = [node(n) for n in range(1000)]
    way = nodes[0].way(Layout.PURDUE)
    drawing = draw(nodes, [], Wish(open=frozenset(way)))
    alone = [spot for spot in drawing.spots if spot.node is not None]
    rest = next(spot for spot in drawing.spots if spot.node is None)
    assert (len(alone), rest.members) == (MAXIMUM_OPEN, 1000 - MAXIMUM_OPEN)


def test_a_cluster_is_as_bad_as_its_worst_member() -> None:
    nodes = [node(n) for n in range(4, 4 + FEW)]
    nodes += [node(1, score=90.0), node(2, score=20.0, alarm="medium"), node(3, alarm="high")]
    spot = draw(nodes, [], Wish(alone=1)).spots[0]
    assert (spot.score, spot.alarm) == (20.0, "high")


def test_every_type_has_at_most_one_form() -> None:
    drawn = [type for types in FORMS.values() for type in types]
    assert len(drawn) == len(set(drawn))
    assert document(draw([node(1, type="Historian")], [], Wish()))["spots"][0]["form"] == "server"  # type: ignore[index,call-overload]  # JSON of a known form


def test_the_browser_arranges_by_connection() -> None:
    drawing = draw([node(1)], [], Wish(layout=Layout.CONNECTION))
    assert drawing.places == {}
    assert document(drawing)["spots"][0]["x"] is None  # type: ignore[index,call-overload]  # JSON of a known form


def test_the_way_is_the_shortest_and_knows_no_direction() -> None:
    edges = [edge(1, 2), edge(3, 2), edge(3, 4), edge(1, 5), edge(5, 6), edge(6, 4), edge(6, 7)]
    assert shortest_path(edges, 1, 4) in {(1, 2, 3, 4), (1, 5, 6, 4)}
    assert shortest_path(edges, 4, 4) == (4,)
    assert shortest_path(edges, 1, 99) == ()


def test_assets_on_the_way_leave_their_clusters() -> None:
    nodes = [node(n) for n in range(1000)]
    drawing = draw(nodes, [edge(3, 4), edge(4, 5), edge(6, 7)], Wish(ends=(3, 5)))
    assert drawing.path == (3, 4, 5)
    assert {spot.id for spot in drawing.spots if spot.node} == {"3", "4", "5"}
    assert {(line.source, line.target) for line in drawing.lines if line.on_path} == {("3", "4"), ("4", "5")}
