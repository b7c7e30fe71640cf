import { problemFrom, ProblemError, unreachable } from "./problem";

/** What a request needs to know about who is asking. The token lives in memory only. */
export interface Credentials {
  accessToken(): string | null;
  workspaceId(): string | null;
  /** Swaps the refresh cookie for a new access token; false when nobody is signed in any more. */
  renew(): Promise<boolean>;
}

export interface RequestOptions {
  method?: "GET" | "POST" | "PATCH" | "DELETE";
  body?: unknown;
  query?: Record<string, string | number | undefined>;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** Without a credential: sign-in, sign-up, refresh. */
  anonymous?: boolean;
}

/** One HTTP door for the whole page: credential, workspace, problems, one retry after a renewal. */
export class HttpClient {
  constructor(private readonly credentials: Credentials) {}

  async json<T>(path: string, options: RequestOptions = {}): Promise<T> {
    const response = await this.send(path, options);
    if (response.status === 204) return undefined as T;
    return (await response.json()) as T;
  }

  async text(path: string, options: RequestOptions = {}): Promise<string> {
    return (await this.send(path, options)).text();
  }

  async blob(path: string, options: RequestOptions = {}): Promise<Blob> {
    return (await this.send(path, options)).blob();
  }

  async send(path: string, options: RequestOptions): Promise<Response> {
    let response = await this.attempt(path, options);
    if (response.status === 401 && !options.anonymous && (await this.credentials.renew())) {
      response = await this.attempt(path, options);
    }
    if (!response.ok) throw new ProblemError(problemFrom(response.status, await bodyOf(response)));
    return response;
  }

  headers(extra: Record<string, string> = {}): Record<string, string> {
    const headers: Record<string, string> = { Accept: "application/json", ...extra };
    const token = this.credentials.accessToken();
    const workspace = this.credentials.workspaceId();
    if (token) headers.Authorization = `Bearer ${token}`;
    if (workspace) headers["Netra-Workspace"] = workspace;
    return headers;
  }

  private async attempt(path: string, options: RequestOptions): Promise<Response> {
    const headers = options.anonymous
      ? { Accept: "application/json", ...options.headers }
      : this.headers(options.headers);
    const init: RequestInit = { method: options.method ?? "GET", headers, credentials: "same-origin" };
    if (options.signal) init.signal = options.signal;
    if (options.body !== undefined) {
      init.body = JSON.stringify(options.body);
      headers["Content-Type"] = "application/json";
    }
    try {
      return await fetch(withQuery(path, options.query), init);
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw unreachable();
    }
  }
}

export function withQuery(path: string, query: RequestOptions["query"] = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") search.set(name, String(value));
  }
  const tail = search.toString();
  return tail ? `${path}?${tail}` : path;
}

async function bodyOf(response: Response): Promise<unknown> {
  const body = await response.text();
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return {};
  }
}
