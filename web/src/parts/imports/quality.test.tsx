import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import type { DataQuality } from "../../api/types";
import { FilledColumns, FindingList, LeverTable, Unpriced } from "./QualityReport";

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
  it("says how many rows have which trouble, where it begins, an example, what to do", () => {
    render(<FindingList findings={QUALITY.findings} />);
    const items = screen.getAllByRole("listitem").map((item) => item.textContent);
    expect(items[0]).toBe("rejected1 row · input_tokens: input_tokens is negativeFirst in line 7. Example: -1Find what writes them.");
    expect(items[1]).toBe("check1,000 rows · model: have no known price");
  });

  it("says what a lever can use, which columns are filled, and which models lack a price", () => {
    render(<><LeverTable quality={QUALITY} /><FilledColumns quality={QUALITY} /><Unpriced quality={QUALITY} /></>);
    expect(screen.getByRole("row", { name: /context-growth/ }).textContent).toBe("context-growthsession_id49841.5 %");
    expect([...document.querySelectorAll(".filled > div")].map((row) => row.textContent)).toEqual(["ts100.0 %", "session_id41.5 %", "m1,000 rows"]);
    expect(screen.getByText("Never given: user")).toBeTruthy();
  });
});
