"use client";

import { useEffect, useState } from "react";

interface DropProps {
  file: File | null;
  busy: boolean;
  onFile: (file: File) => void;
}

/** The place for the photo. The whole window takes a drop, so that a near miss does not open the file instead. */
export function Drop({ file, busy, onFile }: DropProps) {
  const [over, setOver] = useState(false);

  useEffect(() => {
    const onDrag = (event: DragEvent) => {
      event.preventDefault();
      setOver(event.type === "dragover");
    };
    const onDrop = (event: DragEvent) => {
      onDrag(event);
      const dropped = event.dataTransfer?.files[0];
      if (dropped) onFile(dropped);
    };
    window.addEventListener("dragover", onDrag);
    window.addEventListener("dragleave", onDrag);
    window.addEventListener("drop", onDrop);
    return () => {
      window.removeEventListener("dragover", onDrag);
      window.removeEventListener("dragleave", onDrag);
      window.removeEventListener("drop", onDrop);
    };
  }, [onFile]);

  return (
    <label className="drop" data-over={over} data-busy={busy}>
      <input
        className="unseen"
        type="file"
        accept="image/*"
        aria-describedby="hint"
        onChange={(event) => {
          const chosen = event.target.files?.[0];
          if (chosen) onFile(chosen);
          event.target.value = ""; // so that the same file can be chosen again
        }}
      />
      {file && <Preview file={file} />}
      <span className="invitation">
        <strong>{file ? "Choose another photo" : "Choose a photo"}</strong>
        <span id="hint">or drop it anywhere, or paste it</span>
      </span>
    </label>
  );
}

function Preview({ file }: { file: File }) {
  const [url, setUrl] = useState("");
  const [broken, setBroken] = useState(false);

  useEffect(() => {
    const made = URL.createObjectURL(file);
    setUrl(made);
    setBroken(false);
    return () => URL.revokeObjectURL(made);
  }, [file]);

  if (!url || broken) return null;
  return <img className="preview" src={url} alt={`Your photo, ${file.name}`} onError={() => setBroken(true)} />;
}
