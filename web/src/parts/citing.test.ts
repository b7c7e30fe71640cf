import { describe, expect, it } from "vitest";
import type { Figure } from "../api/types";
import { figure } from "../testing/events";
import { withCitations } from "./citing";

const of = (id: string, value: Figure["value"], unit: Figure["unit"]) => figure(id, value, unit);

describe("values in a stored answer", () => {
  it("become citations of their figures, first ones in order, later ones again", () => {
    const figures = [of("7", "236.7", "usd"), of("2", 42.7, "percent"), of("3", 5282, "count")];
    expect(withCitations("Spend is $236.70; 42.7 % of $236.70 can go, over 5,282 calls.", figures)).toBe(
      "Spend is {{f:7}}; {{f:2}} of {{f:7}} can go, over {{f:3}} calls.",
    );
  });

  it("are told from list numbers, parts of longer numbers and code", () => {
    const figures = [of("1", 2, "count"), of("2", "1.50", "usd")];
    expect(withCitations("1. `2` calls\n2. 12, 3.2, gpt-2, 2.5 and 2 models cost $1.50, not $1.505", figures)).toBe(
      "1. `2` calls\n2. 12, 3.2, gpt-2, 2.5 and {{f:1}} models cost {{f:2}}, not $1.505",
    );
  });

  it("keep losses together with their sign", () => {
    expect(withCitations("It loses -$1.25 to -$0.92.", [of("1", "-1.25", "usd"), of("2", "-0.92", "usd")])).toBe("It loses {{f:1}} to {{f:2}}.");
  });

  it("give two figures of the same value their own places", () => {
    const figures = [of("1", 88, "percent"), of("2", 88, "percent")];
    expect(withCitations("88.0 % against 88.0 %", figures)).toBe("{{f:1}} against {{f:2}}");
  });

  it("stay as they are where the text has citations, or no figures", () => {
    expect(withCitations("{{f:1}} and $1.00", [of("1", "1", "usd")])).toBe("{{f:1}} and $1.00");
    expect(withCitations("$1.00", [])).toBe("$1.00");
  });
});
