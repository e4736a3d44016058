"use client";

import { useCallback, useEffect, useRef, useState } from "react";
import { captionOf } from "@/lib/ask";
import { Answer } from "./answer";
import { Drop } from "./drop";

export type State =
  | { step: "idle" }
  | { step: "working"; since: number }
  | { step: "done"; caption: string; seconds: number }
  | { step: "failed"; message: string };

export function Captioner() {
  const [state, setState] = useState<State>({ step: "idle" });
  const [file, setFile] = useState<File | null>(null);
  const running = useRef<AbortController | null>(null);

  const cancel = useCallback(() => {
    running.current?.abort();
    setState({ step: "idle" });
  }, []);

  const start = useCallback(async (chosen: File) => {
    running.current?.abort();
    const mine = (running.current = new AbortController());
    const since = Date.now();
    setFile(chosen);
    setState({ step: "working", since });
    try {
      const caption = await captionOf(chosen, mine.signal);
      if (!mine.signal.aborted) setState({ step: "done", caption, seconds: (Date.now() - since) / 1000 });
    } catch (error) {
      if (!mine.signal.aborted) setState({ step: "failed", message: sentenceOf(error) });
    }
  }, []);

  useEffect(() => {
    const onPaste = (event: ClipboardEvent) => {
      const pasted = event.clipboardData?.files[0];
      if (pasted) void start(pasted);
    };
    window.addEventListener("paste", onPaste);
    return () => window.removeEventListener("paste", onPaste);
  }, [start]);
  useEffect(() => () => running.current?.abort(), []);

  return (
    <>
      <Drop file={file} busy={state.step === "working"} onFile={start} />
      <Answer state={state} onCancel={cancel} onRetry={() => file && void start(file)} />
    </>
  );
}

function sentenceOf(error: unknown): string {
  if (error instanceof TypeError) return "The server cannot be reached. Look at your connection, then try again.";
  return error instanceof Error ? error.message : "Something went wrong. Try again.";
}
