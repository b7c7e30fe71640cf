import type { HttpClient } from "./http";

/** A row that was not stored: where it stands in the file, and why. */
export interface RejectedRow {
  line: number;
  code: string;
  reason: string;
  column?: string;
}

const PIECE_BYTES = 262_144;
const NEWLINE = 10;

/** The rejected rows of an import, read in pieces: the file may be as long as what was imported. */
export class RejectReader {
  readonly rows: RejectedRow[] = [];
  private offset = 0;
  private size: number | null = null;
  private pieceBytes = PIECE_BYTES;

  constructor(private readonly http: HttpClient, private readonly importId: string) {}

  get complete(): boolean {
    return this.size !== null && this.offset >= this.size;
  }

  /** Reads until `count` rows are here, or there are no more. */
  async readTo(count: number, signal?: AbortSignal): Promise<void> {
    while (this.rows.length < count && !this.complete) await this.readPiece(signal);
  }

  private async readPiece(signal?: AbortSignal): Promise<void> {
    const range = `bytes=${this.offset}-${this.offset + this.pieceBytes - 1}`;
    const response = await this.http.send(rejectsPath(this.importId), { headers: { Accept: "text/plain", Range: range }, signal });
    const body = new Uint8Array(await response.arrayBuffer());
    // What stands between may not know ranges: then this is the whole file.
    const partial = response.status === 206;
    const piece = partial ? body : body.subarray(this.offset);
    this.size = partial ? Number(/\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "")?.[1] ?? 0) : body.length;
    const last = this.offset + piece.length >= this.size;
    const whole = last ? piece.length : piece.lastIndexOf(NEWLINE) + 1;
    if (whole === 0) this.pieceBytes *= 2;
    this.offset += whole;
    for (const line of new TextDecoder().decode(piece.subarray(0, whole)).split("\n")) {
      if (line) this.rows.push(JSON.parse(line) as RejectedRow);
    }
  }
}

export const rejectsBlob = (http: HttpClient, importId: string) =>
  http.blob(rejectsPath(importId), { headers: { Accept: "text/plain" } });

const rejectsPath = (importId: string): string => `/v1/imports/${importId}/rejects`;
