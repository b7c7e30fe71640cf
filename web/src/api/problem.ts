/** An RFC 9457 problem as the API sends it, or one made here when no answer came at all. */
export interface Problem {
  title: string;
  status: number;
  detail: string;
  code: string;
  hint?: string | undefined;
  traceId?: string | undefined;
}

export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.name = "ProblemError";
    this.problem = problem;
  }
}

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

/** Reads a problem out of any body; a proxy's HTML page still becomes a sentence with its status. */
export function problemFrom(status: number, body: unknown): Problem {
  const fields = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const given = text(fields.title);
  const title = given === undefined || BARE.has(given) ? titleOf(status) : given;
  return {
    title,
    status,
    detail: text(fields.detail) ?? text(fields.message) ?? "",
    code: text(fields.code) ?? `http_${status}`,
    hint: text(fields.hint),
    traceId: text(fields.trace_id),
  };
}

/** Titles that only spell the status; ours say it in words. */
const BARE = new Set(["Unauthorized", "Forbidden", "Not Found", "Bad Request", "Internal Server Error", "Too Many Requests"]);

export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof DOMException && error.name === "AbortError") {
    return { title: "Stopped", status: 0, detail: "The request was stopped.", code: "aborted" };
  }
  return {
    title: "The page could not do this",
    status: 0,
    detail: error instanceof Error ? error.message : String(error),
    code: "page_error",
  };
}

export const unreachable = (): ProblemError =>
  new ProblemError({
    title: "The server did not answer",
    status: 0,
    detail: "Nothing came back from Netra.",
    code: "unreachable",
    hint: "Check that `netra up` is still running, then try again.",
  });

export const isAborted = (error: unknown): boolean =>
  error instanceof DOMException && error.name === "AbortError";

function titleOf(status: number): string {
  if (status === 401) return "You are signed out";
  if (status === 403) return "You may not do this";
  if (status === 404) return "Nothing is here";
  if (status === 413) return "That is too large";
  if (status === 429) return "Too many requests";
  if (status >= 500) return "The server could not do this";
  return "The request was refused";
}
