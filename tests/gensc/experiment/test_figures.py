"""Declared figures: a curve per hue, a panel per value, intervals where there are some."""

import pytest

from gensc.experiment.figures import Figure, draw, draw_all, ratio
from gensc.figures.plots import save

ROWS = [
    {"scheme": s, "channel": c, "snr_db": x, "rate": 32, "psnr": 20 + x + d, "psnr_ci": 0.5}
    for s, d in (("a", 0), ("b", 2))
    for c in ("awgn", "fading")
    for x in (10.0, 0.0)
]


def curves(ax):
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in ax.lines}


def test_a_panel_per_channel_and_a_curve_per_scheme_by_snr():
    fig = draw(Figure("psnr", "snr_db", "psnr", panels="channel"), ROWS)
    assert [ax.get_title() for ax in fig.axes] == ["AWGN", "time-varying 3-tap Rayleigh"]
    assert curves(fig.axes[0]) == {"a": ([0.0, 10.0], [20.0, 30.0]), "b": ([0.0, 10.0], [22, 32])}
    assert fig.axes[0].get_ylabel() == "PSNR, dB"
    assert len(fig.axes[0].collections) == 2


def test_names_come_first_and_labels_are_said():
    fig = draw(Figure("p", "snr_db", "psnr", names=("b",), labels={"b": "ours"}), ROWS[:0] + ROWS)
    assert next(iter(curves(fig.axes[0]))) == "ours"


def test_values_that_are_missing_are_not_drawn_and_without_any_there_is_no_figure():
    some = [ROWS[0] | {"psnr": None}, ROWS[1]]
    assert curves(draw(Figure("p", "snr_db", "psnr"), some).axes[0])["a"][0] == [0.0]
    assert draw(Figure("p", "snr_db", "lpips"), ROWS) is None
    assert draw_all(
        [Figure("p", "snr_db", "lpips"), Figure("q", "snr_db", "psnr")], ROWS
    ).keys() == {"q"}


def test_what_is_peculiar_to_a_figure_is_told_the_rows_of_every_panel():
    told = []
    draw(
        Figure("p", "snr_db", "psnr", panels="channel", extra=lambda ax, r: told.append(len(r))),
        ROWS,
    )
    assert told == [4, 4]


def test_the_same_rows_give_the_same_files(tmp_path):
    kinds = ("png", "svg", "pdf")
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        save(draw(Figure("p", "snr_db", "psnr"), ROWS), tmp_path / name, "p", kinds)
    for kind in kinds:
        first, second = ((tmp_path / n / f"p.{kind}").read_bytes() for n in "xy")
        assert first == second


@pytest.mark.parametrize(
    ("rate", "said"), [(32, "1/24"), (128, "1/6"), (16, "1/48"), (100, "0.1302")]
)
def test_rates_are_said_as_bandwidth_ratios(rate, said):
    assert ratio(rate) == said


def test_a_curve_keeps_its_colour_where_another_one_is_missing():
    names = ("a", "b")
    whole = draw(Figure("p", "snr_db", "psnr", names=names), ROWS)
    part = draw(Figure("p", "snr_db", "psnr", names=names), [r for r in ROWS if r["scheme"] == "b"])
    assert part.axes[0].lines[0].get_color() == whole.axes[0].lines[1].get_color()


def test_marks_have_no_line_and_what_stands_beside_them_no_marks():
    rows = [r | {"via": v} for r in ROWS for v in ("told", "measured")]
    fig = draw(Figure("p", "snr_db", "psnr", style="via", marks=("measured",)), rows)
    looks = {line.get_label(): (line.get_linestyle(), line.get_marker())
             for line in fig.axes[0].lines}  # fmt: skip
    assert looks == {
        "a, told": ("-", "None"), "a, measured": ("None", "o"),
        "b, told": ("-", "None"), "b, measured": ("None", "s"),
    }  # fmt: skip


def test_several_quantities_have_a_panel_each_with_limits_and_levels_of_their_own():
    rows = [r | {"lost": 2.0 if r["scheme"] == "a" else None} for r in ROWS[:2]]
    fig = draw(
        Figure("p", "snr_db", ("psnr", "lost"), limits={"lost": (0, None)}, levels={"psnr": 30.0}),
        rows,
    )
    psnr, lost = fig.axes
    assert (psnr.get_ylabel(), lost.get_ylabel()) == ("PSNR, dB", "lost")
    assert list(curves(lost)) == ["a"]
    assert lost.get_ylim()[0] == 0
    assert [list(line.get_ydata()) for line in psnr.lines][-1] == [30.0, 30.0]


def test_rows_of_other_experiments_are_left_out():
    rows = [r | {"experiment": "here"} for r in ROWS] + [ROWS[0] | {"scheme": "c"}]
    drawn = draw(Figure("p", "snr_db", "psnr", where={"experiment": "here"}), rows)
    assert set(curves(drawn.axes[0])) == {"a", "b"}
    assert draw(Figure("p", "snr_db", "psnr", where={"experiment": "there"}), rows) is None


def test_shades_go_from_dark_to_light():
    rows = [{"alpha": a, "snr_db": x, "psnr": x} for a in range(9) for x in (0.0, 1.0)]
    fig = draw(Figure("p", "snr_db", "psnr", hue="alpha", shades=True), rows)
    greens = [line.get_color()[1] for line in fig.axes[0].lines]
    assert greens == sorted(greens)
    assert len(set(greens)) == 9


def test_quantities_stand_below_each_other_where_there_are_panels_without_those_never_computed():
    rows = [r | {"ssim": r["psnr"] / 100} for r in ROWS]
    fig = draw(Figure("p", "snr_db", ("psnr", "ssim", "lpips"), panels="channel"), rows)
    assert [ax.get_ylabel() for ax in fig.axes] == ["PSNR, dB"] * 2 + ["SSIM"] * 2
    assert curves(fig.axes[2])["a"] == ([0.0, 10.0], [0.2, 0.3])


def test_a_curve_with_too_few_points_is_left_out():
    few = [r for r in ROWS if r["scheme"] == "a" or r["snr_db"] == 0.0]
    figure = Figure("p", "snr_db", "psnr", where={"channel": "awgn"}, share=0.6)
    assert curves(draw(figure, few).axes[0]).keys() == {"a"}


def test_bars_stand_in_groups_with_their_values():
    rows = [{"users": u, "way": w, "ms": u * m} for u in (8, 32) for w, m in (("x", 1), ("y", 2))]
    ax = draw(Figure("t", "users", "ms", hue="way", bars=True), rows).axes[0]
    assert [[bar.get_height() for bar in bars] for bars in ax.containers] == [[8, 32], [16, 64]]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["8", "32"]
    centres = [bar.get_x() + bar.get_width() / 2 for bars in ax.containers for bar in bars]
    assert centres == pytest.approx([-0.2, 0.8, 0.2, 1.2])


def test_one_curve_needs_no_name_and_a_cloud_no_lines():
    (line,) = draw(Figure("p", "snr_db", "psnr", hue=None, lines=False), ROWS).axes[0].lines
    assert (line.get_linestyle(), len(line.get_xdata())) == ("None", len(ROWS))


def test_a_legend_of_long_names_stays_within_the_figure(tmp_path):
    rows = [r | {"scheme": f"{r['scheme']}: a name that goes on and on and on, {n}"}
            for r in ROWS for n in range(3)]  # fmt: skip
    fig = draw(Figure("p", "snr_db", "psnr", panels="channel"), rows)
    save(fig, tmp_path, "p", ("png",))
    (legend,) = fig.legends
    assert len(legend.texts) == 6
    box = legend.get_window_extent()
    assert 0 <= box.x0 < box.x1 <= fig.bbox.width
