// POST {data_url, prompt?} → {caption, seconds?} or {error: {code, message}} with a status that fits.
import { Problem, isRecord } from "@/lib/problem";
import { type CaptionInput, describe, timedOut, tooLarge } from "@/lib/runpod";

export const maxDuration = 300; // seconds; hosts that bill by time read it here

const BODY_BYTES_MAX = 9_900_000; // /run takes 10 MB, and our wrapping needs a few bytes

export async function POST(request: Request): Promise<Response> {
  const deadline = AbortSignal.timeout(timeoutMs());
  try {
    const input = captionInput(await readBody(request));
    const caption = await describe(input, AbortSignal.any([request.signal, deadline]));
    return Response.json(caption, { headers: { "Cache-Control": "no-store" } });
  } catch (error) {
    return answerTo(error, request.signal, deadline);
  }
}

function answerTo(error: unknown, client: AbortSignal, deadline: AbortSignal): Response {
  if (client.aborted) return new Response(null, { status: 499 }); // nobody is there to read it
  const problem = error instanceof Problem ? error : deadline.aborted ? timedOut() : unknown(error);
  const headers: HeadersInit = { "Cache-Control": "no-store" };
  if (problem.status === 503) headers["Retry-After"] = "5";
  return Response.json({ error: { code: problem.code, message: problem.message } }, { status: problem.status, headers });
}

function unknown(error: unknown): Problem {
  console.error(error);
  return new Problem(500, "internal", "Something went wrong on this server. Try again.");
}

// Counted while it arrives: a stranger's Content-Length is only a claim.
async function readBody(request: Request): Promise<string> {
  if (Number(request.headers.get("content-length")) > BODY_BYTES_MAX) throw tooLarge();
  if (!request.body) return "";
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request.body) {
    size += part.byteLength;
    if (size > BODY_BYTES_MAX) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function captionInput(text: string): CaptionInput {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Problem(400, "invalid_json", "The request is not JSON.");
  }
  if (!isRecord(body) || typeof body.data_url !== "string" || !body.data_url.startsWith("data:image/"))
    throw new Problem(400, "invalid_input", "Send a picture as a data URL: data_url must begin with data:image/.");
  if (body.prompt !== undefined && typeof body.prompt !== "string")
    throw new Problem(400, "invalid_input", "The prompt must be text.");
  return { data_url: body.data_url, ...(body.prompt && { prompt: body.prompt }) };
}

function timeoutMs(): number {
  const seconds = Number(process.env.CAPTION_TIMEOUT_S || 280);
  return 1_000 * (seconds > 0 ? Math.min(seconds, maxDuration - 5) : 280);
}
