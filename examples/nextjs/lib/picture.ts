// Runs in the browser: a chosen file becomes a preview and a data URL that fits into one request.

const FILE_BYTES_MAX = 3_000_000; // larger ones are scaled down: quicker on the road, and every host takes the request
const SIDE_MAX = 2048; // pixels; captioning models look at a few hundred
const READ_BY_WORKER = ["image/jpeg", "image/png", "image/webp", "image/bmp"];

export class UnreadablePicture extends Error {}

/** Any format that the browser can show will do: what the worker does not read is sent as JPEG. */
export async function dataUrlOf(file: File): Promise<string> {
  const picture = await decode(file);
  if (READ_BY_WORKER.includes(file.type) && file.size <= FILE_BYTES_MAX) return readAsDataUrl(file);
  return scaledDown(picture);
}

async function decode(file: File): Promise<HTMLImageElement> {
  const url = URL.createObjectURL(file);
  const picture = new Image();
  picture.src = url;
  try {
    await picture.decode();
    return picture;
  } catch {
    throw new UnreadablePicture(`“${file.name}” is not a picture that can be read here. Choose a JPEG, PNG, WebP or BMP.`);
  } finally {
    URL.revokeObjectURL(url);
  }
}

// An image element is already turned the way its EXIF data says, so what is drawn stands upright.
function scaledDown(picture: HTMLImageElement): string {
  const { naturalWidth: width, naturalHeight: height } = picture;
  const scale = Math.min(1, SIDE_MAX / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  if (!context) throw new UnreadablePicture("This browser cannot scale the picture down. Choose one below 3 MB.");
  context.fillStyle = "white"; // JPEG knows no transparency
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/jpeg", 0.9);
}

function readAsDataUrl(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(new UnreadablePicture(`“${file.name}” cannot be read. Choose it again.`));
    reader.readAsDataURL(file);
  });
}
