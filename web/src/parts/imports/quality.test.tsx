import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import type { DataQuality } from "../../api/types";
import { QualityReport } from "./QualityReport";

afterEach(cleanup);

const QUALITY: DataQuality = {
  rows: 1200,
  since: null,
  until: null,
  findings: [
    { code: "negative", severity: "rejected", rows: 1, column: "input_tokens", first_line: 7, message: "input_tokens is negative", example: "-1", hint: "Find what writes them." },
    { code: "unpriced", severity: "warning", rows: 1000, column: "model", first_line: null, message: "have no known price", example: null, hint: "" },
  ],
  filled: { ts: 100, user: 0, session_id: 41.5 },
  levers: [{ lever: "context-growth", needs: ["session_id"], rows: 498, percent: 41.5 }],
  unpriced_models: { m: 1000 },
};

describe("the data-quality report", () => {
  it("says how many rows have which trouble, where it begins, what to do, and what a lever can use", () => {
    render(<QualityReport quality={QUALITY} />);
    expect(screen.getByText(/Data quality/).textContent).toBe("Data quality: 2 findings");
    const items = screen.getAllByRole("listitem").map((item) => item.textContent);
    expect(items[0]).toContain("1 row · input_tokens: input_tokens is negative, such as -1 first in line 7Find what writes them.");
    expect(items[1]).toMatch(/1,000 rows · model: have no known price$/);
    expect(screen.getByRole("row", { name: /context-growth/ }).textContent).toBe("context-growthsession_id49841.50");
    expect(screen.getByText(/Filled columns/).textContent).toBe("Filled columns: ts 100 %, session_id 42 %");
  });

  it("says so when nothing is odd", () => {
    render(<QualityReport quality={{ ...QUALITY, findings: [], levers: [] }} />);
    expect(screen.getByText("Data quality: nothing odd")).toBeTruthy();
  });
});
