"""A flow as a Sankey diagram, laid out and drawn by Vega: bars for stages, ribbons for steps.

Altair has no word for it, Vega has: `stack` lays out bars and the ends of ribbons, `linkpath` draws
these. What is hidden has no ribbon; a bar whose count is hidden is as tall as the ribbons that are
told, so that nothing can be measured that no table tells.
"""

from __future__ import annotations

from typing import Any

from pprl.agreement.indicators import OTHERWISE
from pprl.results.charts import COLOURS, drawn_by_vega
from pprl.results.release.figures import FlowFigures

WIDTH, HEIGHT = 740, 300
BAR = 14
GAP = 0.08
"""Between two bars, as a share of the cohort."""
LABELS = 230
"""What the labels right of the last bars take of the width."""
_BREAK = "\n"
NOT_FOUND = "#808080"
"""The colour of those who were not found; neither light nor dark."""


def sankey(flow: FlowFigures, name: str) -> str:
    """A flow as an `<svg>` element.

    Args:
        flow: its figures.
        name: what it shows, for those who do not see it.

    Raises:
        UsageError: the extra `report` is not installed.
    """
    return drawn_by_vega(specification(flow), name)


def specification(flow: FlowFigures) -> dict[str, Any]:
    """The Vega specification of a flow."""
    links: list[dict[str, Any]] = [
        {
            "step": link.step,
            "source": f"{link.step} {link.source}",
            "target": f"{link.step + 1} {link.target}",
            "rank": place,
            "persons": link.persons,
            "colour": _colour(flow, link.step, link.source),
        }
        for place, link in enumerate(flow.links)
        if link.persons
    ]
    ends = [(link["source"], link["target"], link["persons"]) for link in links]
    nodes: list[dict[str, Any]] = []
    for place, node in enumerate(flow.nodes):
        key = f"{node.stage} {node.code}"
        out = sum(n for source, _, n in ends if source == key)
        into = sum(n for _, target, n in ends if target == key)
        told = f"{node.persons:,}" if node.persons is not None else "hidden"
        nodes.append(
            {
                "key": key,
                "stage": node.stage,
                "rank": place,
                "size": node.persons if node.persons is not None else max(out, into),
                "label": f"{node.title.replace(' among ', f' among{_BREAK}')}: {told}",
                "colour": _colour(flow, node.stage, node.code),
            }
        )
    bars = [
        [node["size"] for node in nodes if node["stage"] == stage]
        for stage in range(len(flow.stages))
    ]
    tallest, most = max(map(sum, bars)), max(map(len, bars))
    return {
        "$schema": "https://vega.github.io/schema/vega/v5.json",
        "width": WIDTH,
        "height": HEIGHT,
        # What is drawn fits; left to itself, Vega makes room for the width of every stroke.
        "autosize": "none",
        "padding": {"left": 4, "right": 4, "top": 24, "bottom": 4},
        "data": [
            *_data(nodes, links, GAP * tallest),
            {
                "name": "stages",
                "values": [{"stage": n, "title": t} for n, t in enumerate(flow.stages)],
            },
        ],
        "scales": [
            {
                "name": "x",
                "domain": [0, len(flow.stages) - 1],
                "range": [0, WIDTH - LABELS - BAR],
            },
            {
                "name": "y",
                "domain": [0, tallest * (1 + GAP * (most - 1))],
                "range": [0, HEIGHT],
            },
        ],
        "marks": _marks(),
    }


def _colour(flow: FlowFigures, stage: int, code: str) -> str:
    """The colour of a code: the same for its ribbons."""
    codes = [node.code for node in flow.nodes if node.stage == stage]
    return NOT_FOUND if code == OTHERWISE else COLOURS[codes.index(code) % len(COLOURS)]


def _data(nodes: list[Any], links: list[Any], gap: float) -> list[dict[str, Any]]:
    """Bars stacked at each stage with gaps between; ends of ribbons stacked along their bars."""
    from_node = {"type": "lookup", "from": "nodes", "key": "key", "values": ["stage", "top"]}
    return [
        {
            "name": "nodes",
            "values": nodes,
            "transform": [
                {
                    "type": "formula",
                    "as": "with_gap",
                    "expr": f"datum.size + {gap}",
                },
                {
                    "type": "stack",
                    "groupby": ["stage"],
                    "sort": {"field": "rank"},
                    "field": "with_gap",
                    "as": ["top", "below"],
                },
            ],
        },
        {
            "name": "links",
            "values": links,
            "transform": [
                {
                    "type": "stack",
                    "groupby": [end],
                    "sort": {"field": "rank"},
                    "field": "persons",
                    "as": [f"{end}_from", f"{end}_to"],
                }
                for end in ("source", "target")
            ]
            + [
                {**from_node, "fields": ["source"], "as": ["here", "here_top"]},
                {**from_node, "fields": ["target"], "as": ["there", "there_top"]},
                {
                    "type": "formula",
                    "as": "here_y",
                    "expr": _middle("here_top", "source"),
                },
                {
                    "type": "formula",
                    "as": "there_y",
                    "expr": _middle("there_top", "target"),
                },
                {
                    "type": "linkpath",
                    "orient": "horizontal",
                    "shape": "diagonal",
                    "sourceX": {"expr": f"scale('x', datum.here) + {BAR}"},
                    "sourceY": "here_y",
                    "targetX": {"expr": "scale('x', datum.there)"},
                    "targetY": "there_y",
                },
            ],
        },
    ]


def _middle(top: str, end: str) -> str:
    """Where the middle of a ribbon's end lies: below the top of its bar."""
    return f"scale('y', datum.{top} + (datum.{end}_from + datum.{end}_to) / 2)"


def _marks() -> list[dict[str, Any]]:
    """Ribbons, bars, and what they are called."""
    label = {
        "x": {"scale": "x", "field": "stage", "offset": BAR + 6},
        "y": {"signal": "scale('y', datum.top + datum.size / 2)"},
        "text": {"field": "label"},
        "baseline": {"value": "middle"},
        "fill": {"value": "currentColor"},
        "fontSize": {"value": 13},
        "lineBreak": {"value": _BREAK},
    }
    stage = {
        "x": {"scale": "x", "field": "stage"},
        "y": {"value": -10},
        "text": {"field": "title"},
        "fill": {"value": "currentColor"},
        "fontSize": {"value": 13},
        "fontWeight": {"value": "bold"},
    }
    return [
        {
            "type": "path",
            "from": {"data": "links"},
            "encode": {
                "enter": {
                    "path": {"field": "path"},
                    "stroke": {"field": "colour"},
                    "strokeOpacity": {"value": 0.45},
                    "strokeWidth": {"signal": "scale('y', datum.persons)"},
                }
            },
        },
        {
            "type": "rect",
            "from": {"data": "nodes"},
            "encode": {
                "enter": {
                    "x": {"scale": "x", "field": "stage"},
                    "width": {"value": BAR},
                    "y": {"scale": "y", "field": "top"},
                    "y2": {"signal": "scale('y', datum.top + datum.size)"},
                    "fill": {"field": "colour"},
                }
            },
        },
        {"type": "text", "from": {"data": "nodes"}, "encode": {"enter": label}},
        {"type": "text", "from": {"data": "stages"}, "encode": {"enter": stage}},
    ]
