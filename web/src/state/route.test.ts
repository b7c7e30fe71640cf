import { describe, expect, it } from "vitest";
import { hrefOf, parseRoute, type Route } from "./route";

describe("addresses", () => {
  const routes: Route[] = [
    { page: "ask" },
    { page: "thread", threadId: "thr_1" },
    { page: "reports" },
    { page: "report", reportId: "rep_1" },
    { page: "usage" },
    { page: "import", importId: "imp_1" },
    { page: "figure", runId: "run_1", figureId: "fig_2" },
  ];

  it.each(routes)("$page is read back as it was written", (route) => {
    expect(parseRoute(hrefOf(route))).toEqual(route);
  });

  it.each(["", "#", "#/nowhere", "#/threads", "#/figures/run_1", "#/%E0%A4%A"])("%s leads to the start", (hash) => {
    expect(parseRoute(hash)).toEqual({ page: "ask" });
  });
});
