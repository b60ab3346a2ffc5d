"""ClusterRisk (rulings 11, 12, 26): what a cluster of correlated positions can lose, against its cap of the last analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

from pydantic import Field, model_validator

from market_analysis.domain import Unknown
from market_analysis.rules.book import Enforcement, is_holding, lots_down
from market_analysis.rules.limit_verdict import plain
from market_analysis.rules.measured import Measured, fine
from market_analysis.rules.roots import canonical, canonical_set
from market_analysis.rules.rule import Direction, Explanation, Looser, Parameters, Rule, unknown
from market_analysis.rules.verdict import ClosePosition, ReducePosition, Response, Verdict
from market_analysis.rules.view import AccountView, ClusterView, PositionView

NAME = "cluster_risk"
ZERO = Decimal(0)


class ClusterRisk(Parameters):
    """The cap is the analysis's; a cut is of every leg of the cluster by one share, so that no hedge in it is opened."""

    looser: ClassVar[Mapping[str, Direction]] = {
        "enforcement": ("close", "reduce", "block", "alert"),
        "release_frac": Looser.HIGHER,
    }
    enforcement: Enforcement = Field(Enforcement.ALERT, description="alert or reduce")
    release_frac: Decimal = Field(Decimal("0.85"), gt=0, le=1, description="share of the cap to which it reduces")
    max_age_seconds: int = Field(600, ge=1, le=86_400, description="an older analysis is not acted on")

    @model_validator(mode="after")
    def _of_clusters(self) -> ClusterRisk:
        if self.enforcement in (Enforcement.BLOCK, Enforcement.CLOSE):
            raise ValueError("enforcement must be alert or reduce")
        return self


def evaluate(view: AccountView, parameters: ClusterRisk) -> tuple[Verdict, ...]:
    """One verdict per cluster; reaching the cap is a breach."""
    made = view.analysis
    if made is None:
        return (unknown(NAME, "account", "cluster risk: no analysis yet"),)
    age = (view.now - made.at).total_seconds()
    if age > parameters.max_age_seconds:
        return (unknown(NAME, "account", f"cluster risk: the analysis is {age:.0f} s old"),)
    if isinstance(view.positions, Unknown):
        return (unknown(NAME, "account", f"cluster risk: the positions could not be read: {view.positions.detail}"),)
    verdicts = tuple(_judge(view, parameters, cluster, view.positions) for cluster in made.clusters)
    return verdicts or (fine(NAME, "no cluster is held"),)


def _judge(view: AccountView, parameters: ClusterRisk, cluster: ClusterView, positions: Sequence[PositionView]) -> Verdict:
    roots = canonical_set(cluster.roots)
    name = " ".join(sorted(roots))
    measured = Measured(cluster.risk, cluster.cap, "money", reaches=True, room=cluster.cap - cluster.risk)
    members = tuple(item for item in positions if canonical(item.root) in roots)
    responses: tuple[Response, ...] = ()
    note = ""
    if parameters.enforcement is Enforcement.REDUCE and cluster.risk >= cluster.cap and cluster.risk > 0:
        if any(map(is_holding, members)):
            note = "; a holding is in it: a cut of the rest could open a hedge (cap_would_unhedge), left to you"
        else:
            responses = _cut(members, parameters.release_frac * cluster.cap / cluster.risk)
    text = f"cluster {name} can lose {plain(cluster.risk)} {view.currency}, cap {plain(cluster.cap)} {view.currency}{note}"
    return measured.verdict(NAME, name, text, responses=responses)


def _cut(members: Sequence[PositionView], share: Decimal) -> tuple[Response, ...]:
    """Every leg at that share of its size, on its lot, never larger."""
    found: list[Response] = []
    for item in members:
        left = lots_down(item.quantity * share, item)
        found.append(ReducePosition(item.key, left) if left > 0 else ClosePosition(item.key))
    return tuple(found)


RULE = Rule(
    name=NAME,
    title="Cluster risk",
    source="document 003, cluster cap; rulings 11, 12, 26, 28",
    parameters=ClusterRisk,
    evaluate=evaluate,
    explanation=Explanation(
        watches="what each cluster of correlated positions can lose, by the last analysis",
        fires="when it reaches the cluster's cap",
        does="tells; brings every leg of the cluster back by the same share where told to",
        does_not="cut one leg of a hedge, cut a cluster with a holding in it, or act on an old analysis",
    ),
)
