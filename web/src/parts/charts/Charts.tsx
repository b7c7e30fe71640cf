import type { Chart } from "../../api/document";
import type { Figure } from "../../api/types";
import { BarsView } from "./BarsView";
import { LinesView } from "./LinesView";
import { SavingsView } from "./SavingsView";
import { SpendView } from "./SpendView";
import { WaterfallView } from "./WaterfallView";

interface ChartsProps {
  charts: readonly Chart[];
  figures: readonly Figure[];
  runId: string | null;
}

/** The charts of a report. Loaded apart from the page: conversations need no chart library. */
export default function Charts({ charts, figures, runId }: ChartsProps) {
  const wide = wideness(charts);
  return (
    <div className="charts">
      {charts.map((chart, index) => {
        const source = figures.find((figure) => figure.id === chart.figure) ?? null;
        const shared = { source, runId, wide: wide[index] ?? true };
        switch (chart.kind) {
          case "spend_over_time": return <SpendView key={index} chart={chart} {...shared} />;
          case "bars": return <BarsView key={index} chart={chart} {...shared} />;
          case "savings": return <SavingsView key={index} chart={chart} {...shared} />;
          case "waterfall": return <WaterfallView key={index} chart={chart} {...shared} />;
          case "lines": return <LinesView key={index} chart={chart} {...shared} />;
        }
      })}
    </div>
  );
}

/** Time needs the whole width; the others stand in pairs, and one without a partner takes the width too. */
export function wideness(charts: readonly Chart[]): boolean[] {
  const wide = charts.map((chart) => chart.kind === "spend_over_time" || chart.kind === "lines");
  let at = 0;
  while (at < wide.length) {
    if (!wide[at] && wide[at + 1] === false) at += 2;
    else {
      wide[at] = true;
      at += 1;
    }
  }
  return wide;
}
