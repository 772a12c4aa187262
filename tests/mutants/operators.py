"""What may be edited at one node of the syntax tree: mutmut's operators, fewer of them, and some of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import libcst as cst
from libcst import matchers as m
from mutmut.mutation import mutators

Edit = tuple[str, cst.CSTNode]  # the operator's name, and what takes the node's place
_SWAPPED = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list"}
_DROPPED = (
    m.Expr(m.Call() | m.Await()) | m.Raise() | m.Del() | m.AugAssign() | m.Assign([m.AssignTarget(m.Attribute())])
)
_NOT_USED = {mutators.operator_string, mutators.operator_arg_removal}  # replaced by `short_string` and `argument`


def edits(node: cst.CSTNode) -> Iterator[Edit]:
    """Every edit of this node alone, without those of the nodes in it."""
    for kind, operator in mutators.mutation_operators:
        if isinstance(node, kind) and operator not in _NOT_USED:
            yield from ((operator.__name__.removeprefix("operator_"), edited) for edited in operator(node))
    for ours in _OURS:
        yield from ((ours.__name__, edited) for edited in ours(node))


def short_string(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Another text for a word such as a key or a code; sentences are for people to read."""
    if isinstance(node, cst.SimpleString) and " " not in node.value:
        yield from list(mutators.operator_string(node))[:1]


def argument(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Without one keyword argument, or with None for one positional; a call without the latter fails anyhow."""
    if not isinstance(node, cst.Call) or m.matches(node.func, m.Name("len") | m.Name("isinstance")):
        return
    for edited in mutators.operator_arg_removal(node):
        missing = [given for given in node.args if not any(given is kept for kept in edited.args)]
        if bool(missing[0].keyword) == (len(edited.args) < len(node.args)):
            yield edited


def condition(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The opposite of a condition that is no comparison: for those, other operators do it."""
    if isinstance(node, (cst.If, cst.While, cst.CompIf)) and not isinstance(
        node.test, (cst.Comparison, cst.UnaryOperation)
    ):
        yield node.with_changes(test=cst.UnaryOperation(cst.Not(), _in_parentheses(node.test)))


def one_operand(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """One side of `and` and `or` alone."""
    if isinstance(node, cst.BooleanOperation):
        yield from (_in_parentheses(node.left), _in_parentheses(node.right))


def statement(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Nothing in the place of a call, an error, a deletion, or a change of an attribute."""
    if isinstance(node, cst.SimpleStatementLine) and len(node.body) == 1 and m.matches(node.body[0], _DROPPED):
        yield node.with_changes(body=[cst.Pass()])


def context_manager(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The body without its `with`, such as a lock."""
    if isinstance(node, cst.With) and all(item.asname is None for item in node.items):
        yield cst.If(test=cst.Name("True"), body=node.body, leading_lines=node.leading_lines)


def end_of_list(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The last for the first, and the other way round."""
    if isinstance(node, cst.Index) and m.matches(node.value, m.Integer("0")):
        yield node.with_changes(value=cst.UnaryOperation(cst.Minus(), cst.Integer("1")))
    elif isinstance(node, cst.Index) and m.matches(node.value, m.UnaryOperation(m.Minus(), m.Integer("1"))):
        yield node.with_changes(value=cst.Integer("0"))


def builtin(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The opposite builtin: the largest for the smallest, all for any, unsorted for sorted."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in _SWAPPED:
        kept = (
            node.args if node.func.value != "sorted" else [node.args[0].with_changes(comma=cst.MaybeSentinel.DEFAULT)]
        )
        yield node.with_changes(func=cst.Name(_SWAPPED[node.func.value]), args=kept)


def _in_parentheses(node: cst.BaseExpression) -> cst.BaseExpression:
    return node.with_changes(lpar=[cst.LeftParen(), *node.lpar], rpar=[*node.rpar, cst.RightParen()])


_OURS: tuple[Callable[[cst.CSTNode], Iterator[cst.CSTNode]], ...] = (
    short_string,
    argument,
    condition,
    one_operand,
    statement,
    context_manager,
    end_of_list,
    builtin,
)
