"""Pictures of a finished report for the docs: every page of the PDF, and the HTML wide and narrow, light and dark.

Usage: .venv/bin/python docs/images/make_images.py reports/demo/RUN. Needs Chromium and poppler-utils.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
WIDTHS = {"wide": 1440, "phone": 390}


def pdf_pages(pdf: Path) -> None:
    """One picture a page, and page one larger for the README."""
    command = shutil.which("pdftoppm") or "pdftoppm"
    for old in HERE.glob("report-page-*.png"):
        old.unlink()
    subprocess.run([command, "-r", "80", "-png", str(pdf), str(HERE / "report-page")], check=True)  # noqa: S603
    for path in HERE.glob("report-page-0*.png"):
        path.rename(path.with_name(path.name.replace("-0", "-")))
    large = ["-r", "130", "-l", "1", "-singlefile", "-png"]
    subprocess.run([command, *large, str(pdf), str(HERE / "report-page-1")], check=True)  # noqa: S603


def html_views(html: Path) -> None:
    """The page as a whole, at both widths and in both schemes."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, width in WIDTHS.items():
            for scheme in ("light", "dark"):
                page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
                page.goto(html.resolve().as_uri())
                target = HERE / f"report-{name}-{scheme}.png"
                page.screenshot(path=target, full_page=True)
                page.close()
        browser.close()


LARGEST = 300_000


def shrink() -> None:
    """A palette for all, as they are flat colours, and tall views made smaller until they are light enough."""
    for path in HERE.glob("report-*.png"):
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
        scale = 0.5 if path.name.startswith(("report-wide", "report-phone")) else 1.0
        while True:
            size = (round(picture.width * scale), round(picture.height * scale))
            small = picture if scale == 1.0 else picture.resize(size, Image.Resampling.LANCZOS)
            small.quantize(128, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(path, optimize=True)
            if path.stat().st_size < LARGEST:
                break
            scale *= 0.88


if __name__ == "__main__":
    run = Path(sys.argv[1])
    pdf_pages(run / "report.pdf")
    html_views(run / "report.html")
    shrink()
