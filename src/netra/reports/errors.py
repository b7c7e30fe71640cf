"""What can go wrong with a report."""

from netra.errors.kinds import InvalidInputError, NotFoundError


class UnknownFigureError(InvalidInputError):
    """A citation names a figure that its document does not have."""

    code = "unknown_figure"

    def __init__(self, figure_id: str) -> None:
        super().__init__(
            f"the text cites the figure {figure_id}, which is not among the report's figures",
            hint="cite only figures that a tool returned in this run",
            details={"figure": figure_id},
        )


class ReportNotFoundError(NotFoundError):
    """No such report in this workspace; the same answer whether it is absent or another workspace's."""

    code = "report_not_found"

    def __init__(self) -> None:
        super().__init__(
            "there is no such report in this workspace",
            hint="`netra reports list` shows the reports there are",
        )
