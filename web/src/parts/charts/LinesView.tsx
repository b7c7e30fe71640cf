import { CartesianGrid, Line, LineChart, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import type { LinesChart } from "../../api/document";
import { ChartFrame, type ChartProps } from "./ChartFrame";
import { AXIS, axisUnit, exactUnit, GRID, seriesColour, shortDay } from "./palette";
import { pivot } from "./series";
import { Legend, Tip } from "./Tip";

export function LinesView({ chart, source, runId, wide }: ChartProps<LinesChart>) {
  const { rows, names } = pivot(chart.points, { fold: false });
  const table = {
    columns: ["Day", "Series", "Value"],
    rows: chart.points.map((point) => [point.day, point.series, exactUnit(point.value, chart.unit)]),
  };
  return (
    <ChartFrame title={chart.title} caption={chart.caption} table={table} source={source} runId={runId} wide={wide}>
      <ResponsiveContainer width="100%" height={230}>
        <LineChart data={rows} margin={{ top: 8, right: 8, bottom: 0, left: 0 }}>
          <CartesianGrid vertical={false} {...GRID} />
          <XAxis dataKey="day" tickFormatter={shortDay} minTickGap={24} {...AXIS} />
          <YAxis width={56} tickFormatter={axisUnit(chart.unit)} {...AXIS} />
          <Tooltip
            isAnimationActive={false}
            cursor={{ stroke: "var(--line-strong)" }}
            content={({ active, payload, label }) =>
              active && payload ? (
                <Tip
                  title={String(label)}
                  lines={payload.map((entry) => ({
                    name: String(entry.name),
                    value: exactUnit(Number(entry.value), chart.unit),
                    colour: seriesColour(names.indexOf(String(entry.name))),
                  }))}
                />
              ) : null
            }
          />
          {names.map((name, index) => (
            <Line key={name} type="monotone" dataKey={(row: Record<string, unknown>) => row[name] as number} name={name} stroke={seriesColour(index)} strokeWidth={2} dot={rows.length < 20 ? { r: 2 } : false} isAnimationActive={false} connectNulls />
          ))}
        </LineChart>
      </ResponsiveContainer>
      <Legend names={names} colour={seriesColour} />
    </ChartFrame>
  );
}
