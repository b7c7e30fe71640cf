import { Bar, BarChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import type { SpendChart } from "../../api/document";
import type { Figure } from "../../api/types";
import { formatMoney } from "../format";
import { ChartFrame } from "./ChartFrame";
import { AXIS, axisMoney, GRID, seriesColour, shortDay } from "./palette";
import { pivot, withEveryDay } from "./series";
import { Legend, Tip } from "./Tip";

interface SpendProps {
  chart: Omit<SpendChart, "kind">;
  source?: Figure | null;
  runId?: string | null;
  wide?: boolean;
}

/** Spend by day, stacked by series. Amounts become floats for drawing only; the table shows them as stored. */
export function SpendView({ chart, source = null, runId = null }: SpendProps) {
  const points = chart.points.map((point) => ({ day: point.day, series: point.series, value: Number(point.cost_usd) }));
  const { rows, names } = pivot(points, { fold: true });
  const table = {
    columns: ["Day", "Series", "Spend"],
    rows: chart.points.map((point) => [point.day, point.series, formatMoney(point.cost_usd)]),
  };
  return (
    <ChartFrame title={chart.title} caption={chart.caption} table={table} source={source} runId={runId} wide>
      <ResponsiveContainer width="100%" height={240}>
        <BarChart data={withEveryDay(rows)} margin={{ top: 8, right: 4, bottom: 0, left: 0 }} barCategoryGap="18%" maxBarSize={44}>
          <CartesianGrid vertical={false} {...GRID} />
          <XAxis dataKey="day" tickFormatter={shortDay} minTickGap={24} {...AXIS} />
          <YAxis width={52} tickFormatter={axisMoney} {...AXIS} />
          <Tooltip
            cursor={{ fill: "var(--hover)" }}
            isAnimationActive={false}
            content={({ active, payload, label }) =>
              active && payload ? (
                <Tip
                  title={String(label)}
                  lines={payload.map((entry) => ({
                    name: String(entry.name),
                    value: formatMoney(Number(entry.value)),
                    colour: seriesColour(names.indexOf(String(entry.name))),
                  })).reverse()}
                />
              ) : null
            }
          />
          {names.map((name, index) => (
            <Bar key={name} dataKey={(row: Record<string, unknown>) => Number(row[name] ?? 0)} name={name} stackId="spend" fill={seriesColour(index)} isAnimationActive={false} />
          ))}
        </BarChart>
      </ResponsiveContainer>
      {(names.length > 1 || names[0] !== "all") && <Legend names={names} colour={seriesColour} />}
    </ChartFrame>
  );
}
