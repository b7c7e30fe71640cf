import type { Answer, Cursor, Envelope, Figure, Missing, Outcome } from "../api/types";

/** Payloads of the frames of `netra.v1`, by frame type. */
export interface Payloads {
  message_accepted: { message_id: string; client_message_id: string; text: string; title: string };
  agent_started: { agent_id: string; agent: string; question: string; plan: string[]; limits: Record<string, unknown> };
  agent_thinking: { agent_id: string; agent: string; step: number; of: number; text: string };
  tool_executing: { agent_id: string; agent: string; tool: string; call_id: string; arguments: Record<string, unknown> };
  tool_completed: {
    agent_id: string; agent: string; tool: string; call_id: string;
    status: ToolStatus; summary: string; figures: Figure[]; ms: number;
  };
  agent_completed: {
    agent_id: string; agent: string; outcome: Outcome; answer: Answer | null; missing: Missing[];
    report_id: string | null; message: string; prose: string | null; figures: Figure[]; usage: Record<string, unknown>;
    cost: string | null; ms: number; message_id: string | null;
  };
  message_completed: { part: number; text: string };
  approval_requested: { agent_id: string; approval_id: string; tool: string; call_id: string; reason: string };
  state_changed: { subject: "thread" | "run"; changes: Record<string, unknown> };
  superseded: { step: string; attempt: number; call_ids: string[] };
  message_delta: { part: number; offset: number; text: string };
  progress: { agent_id: string; call_id: string; done: number; of: number | null; unit: string; text: string };
  subscribed: { recovered: boolean; cursor: Cursor };
  error: { code: string; message: string; hint?: string | null };
  goodbye: { retry_after_ms: number };
}

export type ToolStatus = "ok" | "error" | "timeout" | "denied";
export type FrameType = keyof Payloads;

/** The payload of a frame whose type was tested; the server validated it against the same model. */
export const payloadOf = <T extends FrameType>(frame: Envelope, _type: T): Payloads[T] =>
  frame.data as unknown as Payloads[T];

export type ClientFrame =
  | { type: "authenticate"; ticket: string; workspace_id: string }
  | { type: "subscribe"; thread_id: string; cursor?: Cursor }
  | { type: "unsubscribe"; thread_id: string }
  | { type: "ping" };

/** Close codes of the protocol that the page treats differently from a lost line. */
export const CLOSE = {
  internal: 1011,
  restart: 1012,
  badFrame: 4400,
  unauthenticated: 4401,
  forbidden: 4403,
  tooSlow: 4408,
  tooManySockets: 4409,
  rate: 4429,
} as const;

export function parseFrame(text: unknown): Envelope | null {
  if (typeof text !== "string") return null;
  try {
    const frame = JSON.parse(text) as Partial<Envelope>;
    if (typeof frame !== "object" || frame === null || typeof frame.type !== "string") return null;
    return {
      type: frame.type,
      thread_id: frame.thread_id ?? null,
      run_id: frame.run_id ?? null,
      seq: frame.seq ?? null,
      epoch: frame.epoch ?? null,
      event_id: frame.event_id ?? null,
      parent: frame.parent ?? null,
      ts: frame.ts ?? null,
      data: frame.data ?? {},
    };
  } catch {
    return null;
  }
}
