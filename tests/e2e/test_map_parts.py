"""The map's pure parts, as the browser runs them, against numpy: hit-testing, labels, density, choices, palettes."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Route

from core.map.selection import Bounds, MapSelection, rows_in_polygon, rows_in_selection
from pages.shared.scatter import WEB, bundle

pytestmark = pytest.mark.browser
ORIGIN = "http://parts.test/"
RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(3_000, 2)).astype(np.float32)
POINTS[5] = np.nan
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def run(browser: Browser) -> Iterator[Run]:
    """Runs a function body with modules of the component: run("grid", "return grid.nearest(...)", value)."""
    page = browser.new_page()

    def serve(route: Route) -> None:
        path = WEB / route.request.url.removeprefix(ORIGIN)
        body = path.read_text(encoding="utf-8") if path.suffix == ".js" else "<title>parts</title>"
        kind = "text/javascript" if path.suffix == ".js" else "text/html"
        route.fulfill(body=body, content_type=kind)

    page.route(f"{ORIGIN}**", serve)
    page.goto(f"{ORIGIN}index.html")

    def ran(names: str, body: str, value: Any = None) -> Any:
        loaded = " ".join(f"const {name} = await import('./{name}.js');" for name in names.split())
        return page.evaluate(f"async (value) => {{ {loaded} {body} }}", value)

    yield ran
    page.close()


def flat(points: np.ndarray) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in points.ravel()]


def as_dict(bounds: Bounds) -> dict[str, float]:
    return {name: getattr(bounds, name) for name in ("x", "y", "side", "width", "height")}


FLOATS = "const points = Float32Array.from(value.points, (value) => value ?? NaN);"


def test_a_polygon_holds_the_points_it_holds_in_numpy(run):
    polygon = RNG.uniform(-1.5, 1.5, (9, 2))
    body = FLOATS + "const rows = []; grid.insidePolygon(points, value.polygon, (i) => rows.push(i)); return rows;"
    rows = run("grid", body, {"points": flat(POINTS), "polygon": polygon.ravel().tolist()})
    np.testing.assert_array_equal(rows, np.flatnonzero(rows_in_polygon(POINTS, polygon)))
    assert 100 < len(rows) < 2_900


def test_the_nearest_point_is_the_nearest_that_is_allowed(run):
    places = RNG.uniform(-3, 3, (200, 2))
    body = (
        FLOATS
        + """
        const index = grid.buildGrid(points, value.bounds);
        return value.places.map(([x, y]) => grid.nearest(points, index, value.bounds, x, y, 0.2, (i) => i % 3 > 0));"""
    )
    bounds = Bounds.of([POINTS])
    found = run("grid", body, {"points": flat(POINTS), "bounds": as_dict(bounds), "places": places.tolist()})
    distance = np.linalg.norm(places[:, None].astype(float) - POINTS[None].astype(float), axis=2)
    distance[:, np.arange(len(POINTS)) % 3 == 0] = np.inf
    distance = np.nan_to_num(distance, nan=np.inf)
    expected = np.where(distance.min(axis=1) <= 0.2, distance.argmin(axis=1), -1)
    np.testing.assert_array_equal(found, expected)
    assert (expected < 0).any()
    assert (expected >= 0).any()


def test_densities_rise_with_the_points_around_and_nan_has_none(run):
    body = FLOATS + "return Array.from(grid.densities(points, value.bounds, 24));"
    density = np.array(run("grid", body, {"points": flat(POINTS), "bounds": as_dict(Bounds.of([POINTS]))}))
    radius = np.linalg.norm(POINTS, axis=1)
    assert density[5] == 0
    assert density[radius < 0.5].mean() > density[(radius > 1.5) & (radius < 2)].mean() + 8
    assert density[np.nanargmax(radius)] <= 32


@pytest.mark.parametrize("points", [np.zeros((1, 2)), np.ones((40, 2)), np.full((3, 2), np.nan)])
def test_odd_layouts_have_a_grid(run, points):
    points = points.astype(np.float32)
    body = (
        FLOATS
        + """const index = grid.buildGrid(points, value.bounds), fit = view.fitView(value.bounds);
        return [index.order.length, view.scaleOf(fit, value.bounds, {width: 400, height: 300}),
          grid.nearest(points, index, value.bounds, fit.x, fit.y, 1, () => true),
          grid.densities(points, value.bounds, 8).length];"""
    )
    order, scale, nearest, count = run(
        "grid view", body, {"points": flat(points), "bounds": as_dict(Bounds.of([points]))}
    )
    known = int(np.isfinite(points).all(axis=1).sum())
    assert (order, count) == (known, len(points))
    assert np.isfinite(scale)
    assert (nearest >= 0) == (known > 0)


def test_labels_never_overlap_and_show_in_one_stretch_of_zoom(run):
    labels = [
        {"x": float(x), "y": float(y), "width": float(w), "height": 20.0, "level": int(level), "weight": float(weight)}
        for (x, y), w, level, weight in zip(
            RNG.uniform(0, 700, (150, 2)),
            RNG.uniform(40, 160, 150),
            RNG.integers(0, 3, 150),
            RNG.random(150),
            strict=True,
        )
    ]
    intervals = run(
        "labels", "return labels.zoomIntervals(value).map((pair) => pair.map((end) => Math.min(end, 1e9)));", labels
    )
    shown = [(label, start, end) for label, (start, end) in zip(labels, intervals, strict=True) if start < 1e9]
    assert len(shown) > 100
    for zoom in np.geomspace(0.5, 3_000, 60):
        here = [label for label, start, end in shown if start <= zoom < end]
        for i, one in enumerate(here):
            for other in here[:i]:
                apart_x = abs(one["x"] - other["x"]) * zoom >= (one["width"] + other["width"]) / 2 - 1e-6
                apart_y = abs(one["y"] - other["y"]) * zoom >= (one["height"] + other["height"]) / 2 - 1e-6
                assert apart_x or apart_y, (zoom, one, other)
    coarse = [start for label, start, _ in shown if label["level"] == 0]
    fine = [start for label, start, _ in shown if label["level"] == 2]
    assert np.median(coarse) < np.median(fine)


def test_a_choice_selects_the_same_rows_in_both_languages(run):
    bounds = Bounds.of([POINTS, POINTS[::-1]])
    codes, bins = RNG.integers(0, 9, 3_000), RNG.integers(0, 24, 3_000)
    shapes = [RNG.uniform(-2, 2, (7, 2)) for _ in range(3)]
    steps = [
        {"k": kind, "o": operation, "p": pack(bounds, shape), "m": panel}
        for shape, kind, operation, panel in zip(
            shapes, ("lasso", "box", "lasso"), ("set", "add", "sub"), (0, 1, 0), strict=True
        )
    ]
    steps[1]["p"] = steps[1]["p"][:4]
    raw = {"steps": steps, "hidden": [1, 4], "range": [0, 7], "brushes": {"col": [3, 20]}}
    body = """
        const layouts = value.layouts.map((each) => Float32Array.from(each, (part) => part ?? NaN));
        const n = layouts[0].length / 2, shape = new Uint8Array(n), filter = new Uint8Array(n);
        choice.applySteps(shape, value.choice.steps, layouts, value.bounds, null);
        const columns = new Map([["col", Uint8Array.from(value.bins)]]);
        choice.applyFilters(filter, value.choice, Uint8Array.from(value.codes), columns);
        return Array.from(shape.keys()).filter((i) => shape[i] && filter[i]);"""
    given = {
        "layouts": [flat(POINTS), flat(POINTS[::-1])], "bounds": as_dict(bounds), "choice": raw,
        "codes": codes.tolist(), "bins": bins.tolist(),
    }  # fmt: skip
    found = run("choice", body, given)
    expected = rows_in_selection(MapSelection.read(raw), [POINTS, POINTS[::-1]], bounds, codes, {"col": bins})
    np.testing.assert_array_equal(found, expected)
    assert 20 < len(found) < 2_000


def test_rows_in_several_categories_are_those_of_python(run):
    members = np.where(RNG.random(500) < 0.5, 1 << RNG.integers(0, 22, 500), RNG.integers(1, 1 << 22, 500))
    hidden = sorted(set(range(22)) - {0, 4, 21})
    body = """
        const members = Uint32Array.from(value.members), mask = new Uint8Array(500), codes = new Uint8Array(500);
        const selection = { hidden: value.hidden, brushes: {} };
        choice.applyFilters(mask, selection, codes, new Map(), members);
        choice.memberCodes(codes, members, value.hidden, [20, 21]);
        return [Array.from(mask), Array.from(codes)];"""
    mask, codes = run("choice", body, {"members": members.tolist(), "hidden": hidden})
    points = np.zeros((500, 2), np.float32)
    selection, categories = MapSelection(hidden=tuple(hidden)), members.astype(np.uint32)
    expected = rows_in_selection(
        selection, [points], Bounds.of([points]), np.zeros(500, np.uint8), categories=categories
    )
    np.testing.assert_array_equal(np.flatnonzero(mask), expected)
    for code, bits in zip(codes, members.tolist(), strict=True):
        visible = [bit for bit in (21, 0, 4) if bits >> bit & 1]  # a gray one only where there is no other
        assert code == (visible[-1] if visible else bits.bit_length() - 1)


def pack(bounds: Bounds, shape: np.ndarray) -> list[int]:
    steps = np.array([bounds.steps(*corner) for corner in shape])
    return np.diff(steps, axis=0, prepend=0).ravel().tolist()


def test_rows_of_a_kept_selection_come_as_numpy_packs_them(run):
    mask = RNG.random(37) < 0.4
    body = """
        store.putArray("0123456789abcdef", Uint8Array.from(value));
        const marked = new Uint8Array(37), layouts = [new Float32Array(74)];
        const step = { k: "rows", o: "set", a: "0123456789abcdef" };
        choice.applySteps(marked, [step], layouts, { x: 0, y: 0, side: 1 }, null);
        return Array.from(marked);"""
    assert run("choice store", body, np.packbits(mask).tolist()) == mask.astype(int).tolist()


def test_a_long_lasso_becomes_short_and_stays_in_shape(run):
    angles = np.linspace(0, 2 * np.pi, 4_000, endpoint=False)
    circle = np.rint(500_000 + 200_000 * np.column_stack([np.cos(angles), np.sin(angles)])).tolist()
    body = "const kept = choice.simplified(value, 500); return [kept, choice.packed(kept)];"
    kept, packed = run("choice", body, circle)
    assert 60 < len(kept) <= 120
    assert np.abs(np.linalg.norm(np.array(kept) - 500_000, axis=1) - 200_000).max() < 2
    np.testing.assert_array_equal(np.cumsum(np.array(packed).reshape(-1, 2), axis=0), kept)


def test_history_goes_back_and_forth(run):
    body = """
        const story = new choice.History({ a: 0 });
        story.set({ a: 1 }); story.set({ a: 1 }); story.set({ a: 2 });
        const out = [story.past.length, story.undo(), story.now.a, story.undo(), story.now.a];
        out.push(story.undo(), story.redo(), story.now.a);
        story.set({ a: 9 });
        return [...out, story.redo()];"""
    assert run("choice", body) == [2, True, 1, True, 0, False, True, 1, False]


def test_palettes_hold_the_colors_they_are_given(run):
    body = """
        const categories = [{ color: "#010203" }, { color: "#fffefd", diamond: true }];
        const category = colors.paletteOf({ kind: "category", categories });
        const gradient = ["#000000", "#ff0000", "#ffff00"];
        const scale = colors.paletteOf({ kind: "scale", gradient, top: 254, missing: null });
        const at = (found, code) => Array.from(found.palette.slice(4 * code, 4 * code + 4));
        return [at(category, 0), at(category, 1), at(scale, 0), at(scale, 127), at(scale, 254), at(scale, 255)];"""
    assert run("colors", body) == [
        [1, 2, 3, 255], [255, 254, 253, 128],
        [0, 0, 0, 255], [255, 0, 0, 255], [255, 255, 0, 255], [138, 143, 152, 255],
    ]  # fmt: skip


def test_zooming_keeps_the_place_under_the_pointer(run):
    body = """
        const bounds = { x: -3, y: -2, side: 6, width: 1, height: 0.7 }, panel = { width: 800, height: 500 };
        const before = { x: 0, y: 0, zoom: 2 };
        const after = view.zoomedAt(before, bounds, panel, 3, 500, 200);
        const place = (each) => view.toData(each, view.scaleOf(each, bounds, panel), panel, 500, 200);
        return [place(before), place(after), after.zoom];"""
    before, after, zoom = run("view", body)
    assert after == pytest.approx(before)
    assert zoom == pytest.approx(6)


def test_the_bundle_holds_each_module_once_and_nothing_is_left_to_import():
    text = bundle("main.js")
    assert "import {" not in text
    assert text.count("export") == 1
    for path in WEB.glob("*.js"):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert text.count(first) == (0 if path.name in ("array.js", "rows.js") else 1)


MOUNT = """
    store.putArray("shape", new Uint8Array(Float32Array.from(value.points, (value) => value ?? NaN).buffer));
    store.putArray("codes", Uint8Array.from(value.codes));
    document.body.replaceChildren();
    const parent = document.body.appendChild(document.createElement("div"));
    parent.style.width = "600px";
    const told = [];
    const panel = { array: "shape", title: "", labels: value.labels, contours: [] };
    const data = { key: "shape", reset: "r", panels: [panel], ids: null, bounds: value.bounds,
      color: { key: "c", array: "codes", kind: "category", name: "c",
      categories: value.categories }, columns: [], details: "d", theme: "light", context: [0.5, 0.5, 0.5, 0.3],
      height: 400, alt: "Map", file: "map", command: { stamp: "1", view: null, choice: {} } };
    const component = { data, parentElement: parent, setTriggerValue: () => {},
      setStateValue: (name, state) => told.push(state) };
    const end = main.default(component);
    const frames = async (count) => {
      for (let i = 0; i < count; i++) await new Promise((done) => requestAnimationFrame(done));
    };
    await frames(4);
    const root = parent.querySelector(".map"), overlay = parent.querySelector("canvas.overlay");
    const press = (key, rest) => overlay.onkeydown(new KeyboardEvent("keydown", { key, ...rest }));
"""
EVIL = "<b>bold</b><img src=x onerror=alert(1)>"


def mounted(points: np.ndarray, codes: np.ndarray, names: list[str], labels: list | None = None) -> dict[str, Any]:
    categories = [{"label": name, "count": 1, "color": "#0072b2", "diamond": False} for name in names]
    return {
        "points": flat(points), "codes": codes.tolist(), "categories": categories, "labels": labels or [],
        "bounds": as_dict(Bounds.of([points])),
    }  # fmt: skip


@pytest.mark.parametrize(
    "points",
    [
        np.zeros((0, 2)),
        np.zeros((1, 2)),
        np.ones((500, 2)),
        np.full((4, 2), np.nan),
        np.array([[0, 1], [np.nan, 2], [3, 1]]),
    ],
    ids=["none", "one", "one place", "nowhere", "some nowhere"],
)
def test_odd_maps_are_drawn_and_explored(run, points):
    points = points.astype(np.float32)
    body = (
        MOUNT
        + """
        for (const key of ["+", "v", "ArrowLeft", "p", "Enter", "0"]) press(key);
        await frames(4);
        end();
        return [root.dataset.drawn, root.dataset.selected, told.at(-1)];"""
    )
    drawn, selected, state = run("main store", body, mounted(points, np.zeros(len(points), int), ["a"]))
    assert drawn == "shape:clight"
    assert 0 <= int(selected) <= int(np.isfinite(points).all(axis=1).sum())
    assert MapSelection.read(state["choice"]).steps


def test_names_are_text_and_many_categories_have_a_legend(run):
    points = RNG.normal(size=(1_000, 2)).astype(np.float32)
    names = [EVIL, *(f"category {i}" for i in range(249))]
    labels = [[EVIL, 0.0, 0.0, 0, 10]]
    body = (
        MOUNT
        + """
        const legend = parent.querySelector(".legend");
        end();
        return [legend.innerText.includes("<b>bold</b>"), parent.querySelectorAll("b, img").length,
          legend.children.length, root.querySelector(".unseen").textContent.includes("<b>bold</b>")];"""
    )
    found = run("main store", body, mounted(points, np.arange(1_000) % 250, names, labels))
    assert found == [True, 0, 250, True]


def test_two_fingers_pinch_and_a_wheel_zooms(run):
    points = RNG.normal(size=(200, 2)).astype(np.float32)
    body = (
        MOUNT
        + """
        const box = overlay.getBoundingClientRect();
        const touch = (kind, id, x, y) => overlay[`onpointer${kind}`](new PointerEvent(`pointer${kind}`,
          { pointerId: id, clientX: box.left + x, clientY: box.top + y, button: 0, pointerType: "touch" }));
        touch("down", 1, 200, 200); touch("down", 2, 300, 200);
        touch("move", 1, 150, 200); touch("move", 2, 350, 200);
        touch("up", 1, 150, 200); touch("up", 2, 350, 200);
        await frames(3);
        const pinched = root.dataset.view;
        overlay.onwheel(new WheelEvent("wheel", { deltaY: -100, clientX: box.left + 10, clientY: box.top + 10 }));
        await frames(3);
        const wheeled = root.dataset.view;
        end();
        return [pinched, wheeled].map((view) => Number(view.split(" ")[2]));"""
    )
    pinched, wheeled = run("main store", body, mounted(points, np.zeros(200, int), ["a"]))
    assert pinched == pytest.approx(2, rel=0.01)
    assert wheeled > pinched * 1.1


def test_a_rerun_with_the_same_data_keeps_all_and_a_new_command_is_answered(run):
    points = RNG.normal(size=(200, 2)).astype(np.float32)
    body = (
        MOUNT
        + """
        press("+"); press("v");
        await frames(3);
        const before = [root.dataset.view, root.dataset.selected];
        main.default({ ...component, data: { ...data } });
        await frames(3);
        const after = [root.dataset.view, root.dataset.selected], count = told.length;
        const choice = { steps: [{ k: "box", o: "set", p: [-1000, -1000, 2000000, 2000000] }], color: "c" };
        main.default({ ...component, data: { ...data, command: { stamp: "2", view: [0.5, 0.5, 1], choice } } });
        await frames(3);
        end();
        return [before, after, root.dataset.selected, told.length > count, told.at(-1).choice.steps.length];"""
    )
    before, after, selected, answered, steps = run("main store", body, mounted(points, np.zeros(200, int), ["a"]))
    assert before == after
    assert 0 < int(before[1]) < 200
    assert (selected, answered, steps) == ("200", True, 1)
