import { useEffect, useState } from 'preact/hooks';
import type { TrailEventDetail, TrailScreenshotFile } from '../../../../server/src/domain/trail.ts';
import { refusalOf } from '../../api/request.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Name } from '../../parts/names.tsx';
import { pictureReason } from '../../parts/picture-reason.ts';
import { Segmented } from '../../parts/segmented.tsx';
import { formats } from '../../text/reader.ts';

type Role = TrailScreenshotFile['role'];

const ROLE_LABELS: Readonly<Record<Role, string>> = {
  seen: 'Original',
  annotated: 'Annotated',
  downloaded: 'Before cropping',
};

/** What was on the screen. */
export function Picture({ detail }: { readonly detail: TrailEventDetail }) {
  const [role, setRole] = useState<Role>('seen');
  const [isLarge, setLarge] = useState(false);
  const { screenshots, event } = detail;
  const file = screenshots.find((one) => one.role === role) ?? screenshots[0];
  const [checked, setChecked] = useState<{ readonly sha256: string; readonly trouble: string | null }>();
  if (file === undefined) return <NoPicture detail={detail} />;
  const roles = screenshots.map((one) => one.role);
  const alt = `What ${event.user?.name.slice(0, 80) ?? 'the user'} saw${event.sheetName === null ? '' : ` on the sheet ${event.sheetName.slice(0, 80)}`}, ${ROLE_LABELS[file.role].toLowerCase()}`;
  return (
    <section class="card picture" aria-labelledby="picture-title">
      <header class="card-head">
        <h2 id="picture-title">On the screen</h2>
        {roles.length > 1 && (
          <Segmented
            label="Picture"
            value={file.role}
            options={[...new Set(roles)].map((one) => [one, ROLE_LABELS[one]] as const)}
            choose={setRole}
          />
        )}
      </header>
      {file.url === null ? (
        <p class="picture-none">
          <Icon name="lock" /> There is a picture; this account may not see pictures.
        </p>
      ) : (
        <button type="button" class="picture-frame" onClick={() => setLarge(true)} aria-label="Enlarge the picture">
          <PictureImage
            key={file.url}
            file={file}
            alt={alt}
            checked={(trouble) => setChecked({ sha256: file.sha256, trouble })}
          />
          <span class="picture-zoom">
            <Icon name="zoom" size={16} /> Enlarge
          </span>
        </button>
      )}
      <FileFacts file={file} isProven={checked?.sha256 === file.sha256 && checked.trouble === null} />
      {isLarge && file.url !== null && <Zoom file={file} alt={alt} close={() => setLarge(false)} />}
    </section>
  );
}

interface PictureImageProps {
  readonly file: TrailScreenshotFile;
  readonly alt: string;
  /** Told null once it is shown: the server sends only bytes that have the recorded hash. */
  readonly checked: (trouble: string | null) => void;
}

function PictureImage({ file, alt, checked }: PictureImageProps) {
  const [trouble, setTrouble] = useState<string>();
  const [isBroken, setBroken] = useState(false);
  const url = file.url ?? '';
  useEffect(() => {
    if (!isBroken) return;
    refusalOf(url).then((error) => {
      const message = error?.message ?? 'The picture cannot be shown now. Reload the page.';
      setTrouble(message);
      checked(message);
    });
  }, [isBroken, url]);
  if (isBroken) {
    return (
      <span class="picture-none" role="alert">
        <Icon name="warning" />{' '}
        <span>{trouble ?? 'The picture cannot be shown.'} The hash below is the recorded one.</span>
      </span>
    );
  }
  return (
    <img
      src={url}
      width={file.width}
      height={file.height}
      alt={alt}
      onLoad={() => checked(null)}
      onError={() => setBroken(true)}
    />
  );
}

function FileFacts({ file, isProven }: { readonly file: TrailScreenshotFile; readonly isProven: boolean }) {
  return (
    <dl class="file-facts">
      <div class="clip">
        <dt>SHA-256</dt>
        <dd class="file-hash">
          <span class="code clip" title={file.sha256}>
            {file.sha256}
          </span>
          <CopyButton text={file.sha256} label="Copy the hash" />
        </dd>
      </div>
      <div>
        <dt>Size</dt>
        <dd>
          {formats.number(file.width)} × {formats.number(file.height)}, {formats.bytes(file.bytes)}
        </dd>
      </div>
      {file.path !== '' && (
        <div class="clip">
          <dt>File</dt>
          <dd class="file-path">
            <span class="code clip" title={file.path.slice(0, 500)}>
              <Name text={file.path} max={300} />
            </span>
            {isProven && (
              <span
                class="file-proven"
                title="The file was read again for this page, and has the hash that the log recorded when it was saved."
              >
                <Icon name="check" size={14} /> Unchanged
              </span>
            )}
          </dd>
        </div>
      )}
    </dl>
  );
}

const SCALES: readonly (readonly ['fit' | 'full' | 'double', string])[] = [
  ['fit', 'Fit'],
  ['full', '100 %'],
  ['double', '200 %'],
];

function Zoom({
  file,
  alt,
  close,
}: {
  readonly file: TrailScreenshotFile;
  readonly alt: string;
  readonly close: () => void;
}) {
  const [scale, setScale] = useState<'fit' | 'full' | 'double'>('fit');
  const width = scale === 'fit' ? undefined : { width: `${file.width * (scale === 'double' ? 2 : 1)}px` };
  return (
    <Dialog label="Picture" className="dialog-picture" close={close}>
      <div class="zoom-bar">
        <Segmented label="Zoom" value={scale} options={SCALES} choose={setScale} />
        <a class="button" href={file.url ?? ''} download>
          <Icon name="download" size={16} /> Save
        </a>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <section class={`zoom-area zoom-${scale}`} tabIndex={0} aria-label="The picture, scrollable">
        <img src={file.url ?? ''} alt={alt} {...(width === undefined ? {} : { style: width })} />
      </section>
    </Dialog>
  );
}

function NoPicture({ detail }: { readonly detail: TrailEventDetail }) {
  const { screenshot } = detail.event;
  if (screenshot === null || screenshot.status === 'saved') return null;
  return (
    <section class="card" aria-labelledby="picture-title">
      <header class="card-head">
        <h2 id="picture-title">On the screen</h2>
      </header>
      <p class="picture-none">
        <Icon name={screenshot.status === 'failed' ? 'warning' : 'clock'} />
        <span>
          {screenshot.status === 'waiting' ? (
            'The picture is being fetched from Qlik Sense; it will appear here.'
          ) : (
            <>
              There is no picture: <Name text={pictureReason(screenshot.reason)} max={400} />.
            </>
          )}
        </span>
      </p>
    </section>
  );
}
