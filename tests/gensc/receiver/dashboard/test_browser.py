"""The dashboard in a real browser: what arrives is seen, what is pressed happens, and what a peer
wrote is text."""

import numpy as np
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from browser import MISSING, browser, look
from gensc.receiver.dashboard.server import DashboardServer
from gensc.receiver.dashboard.token import Token
from stand_in_receiver import StandIn

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
TOKEN = "correct-horse-battery-staple"
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>\x1b[31m\u202e"'


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def page(driver, dashboard):
    """The page, opened by its link; at the end nothing must have gone wrong in it."""
    driver.get_log("browser")
    driver.get(dashboard.link)
    shows(driver, "#connection", "live")
    yield Page(driver)
    wrong = [one["message"] for one in driver.get_log("browser") if one["level"] == "SEVERE"]
    assert [line for line in wrong if "ERR_CONNECTION_REFUSED" not in line] == []


class Page:
    def __init__(self, driver):
        self.driver = driver

    def text(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector).text

    def press(self, keys):
        self.driver.find_element(By.TAG_NAME, "body").send_keys(keys)

    def click(self, selector):
        self.driver.find_element(By.CSS_SELECTOR, selector).click()

    def eventually(self, condition, *arguments):
        """Wait until a script's condition holds."""
        return WebDriverWait(self.driver, 20).until(
            lambda driver: driver.execute_script(f"return {condition}", *arguments)
        )

    def shows(self, selector, text):
        shows(self.driver, selector, text)


def shows(driver, selector, text):
    WebDriverWait(driver, 20).until(
        lambda _: text in driver.find_element(By.CSS_SELECTOR, selector).text,
        f"{selector} never said {text!r}",
    )


LOADED = "[...document.querySelectorAll('#panes img')].filter(i => i.naturalWidth).length === {}"
INK = """(id => {{
  const canvas = document.getElementById(id), {{ width, height }} = canvas;
  const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  return new Set(new Uint32Array(pixels.buffer)).size > {};
}})("{}")"""


def test_an_image_is_seen_with_all_that_was_made_of_it(page, receiver, photo):
    receiver.receive(photo, 3, 9.0, name="coffee.png", text="a cup of coffee", row=(7, 0.25))
    page.eventually(LOADED.format(4))
    titles = page.driver.find_elements(By.CSS_SELECTOR, "#panes figcaption b")
    assert [title.text for title in titles] == ["Original", "Received", "Refined", "Sent blocks"]
    assert page.text("#images-title") == "coffee.png"
    assert page.text("#caption") == "a cup of coffee"
    for said in ("9.0 ± 0.4 dB", "7 of 8", "bank", "0.25", "1/26", "8.5 dB margin"[3:]):
        assert said in page.text("#facts")
    page.shows("#tiles", "Delivered\n1")
    for canvas, least in (("constellation", 3), ("waterfall", 20), ("course", 4)):
        page.eventually(INK.format(least, canvas))


def test_the_token_leaves_the_address_and_a_reload_needs_none(page, dashboard):
    assert page.driver.current_url == dashboard.url
    page.driver.get(dashboard.url)
    page.shows("#connection", "live")


def test_without_its_token_the_page_asks_for_one_and_takes_only_the_right_one(page, dashboard):
    page.driver.delete_all_cookies()
    page.driver.get(dashboard.url)
    page.shows("#login-title", "A token is needed")
    field = page.driver.find_element(By.ID, "token")
    field.send_keys("not-the-token-of-this-one" + Keys.ENTER)
    page.shows("#login-error", "That is not the token.")
    field.send_keys(TOKEN + Keys.ENTER)
    page.shows("#connection", "live")
    # The refusals above were asked for.
    page.driver.get_log("browser")


def test_older_images_are_chosen_by_key_and_by_click(page, receiver, photo):
    for number in range(4):
        receiver.receive(photo, number, 12.0, name=f"photo {number}")
    page.shows("#images-title", "photo 3")
    page.press(Keys.ARROW_LEFT + Keys.ARROW_LEFT)
    page.shows("#images-title", "photo 1")
    receiver.receive(photo, 4, 12.0, name="photo 4")
    page.eventually("document.querySelectorAll('#strip li').length === 5")
    assert page.text("#images-title") == "photo 1"
    page.press(Keys.HOME)
    page.shows("#images-title", "photo 0")
    page.press(Keys.END)
    page.shows("#images-title", "photo 4")
    page.click("#strip li:nth-child(3) button")
    page.shows("#images-title", "photo 2")


def test_a_picture_is_enlarged_and_the_next_key_shows_the_next_one(page, receiver, photo):
    receiver.receive(photo, 0, 12.0)
    page.eventually(LOADED.format(3))
    page.press("z")
    page.shows("#zoom-caption", "Received")
    page.press("z")
    page.shows("#zoom-caption", "Refined")
    page.press(Keys.ESCAPE)
    page.eventually("!document.getElementById('zoom').open")


def test_controls_work_and_show_what_the_receiver_says(page, receiver):
    page.press("p")
    page.shows("#connection", "refining paused")
    assert receiver.paused
    page.click("#pause")
    page.shows("#connection", "live")
    assert not receiver.paused
    page.eventually("document.getElementById('refiner').options.length === 3")
    page.driver.execute_script(
        "const s = document.getElementById('refiner'); s.value = 'none';"
        "s.dispatchEvent(new Event('change'));"
    )
    WebDriverWait(page.driver, 20).until(lambda _: receiver.refiner == "none")
    field = page.driver.find_element(By.ID, "latency")
    # All at once: an empty field that has lost the focus shows the receiver's value again.
    field.send_keys(Keys.CONTROL + "a")
    field.send_keys("750" + Keys.ENTER)
    WebDriverWait(page.driver, 20).until(lambda _: receiver.target_latency_ms == 750)


def test_what_the_receiver_refuses_is_said(page):
    page.driver.execute_script(
        "const s = document.getElementById('refiner'); s.append(new Option('magic'));"
        "s.value = 'magic'; s.dispatchEvent(new Event('change'));"
    )
    page.shows("#notice", "magic: no such refiner")
    # The status that the refusal came with was asked for.
    page.driver.get_log("browser")


def test_what_a_peer_wrote_is_text_wherever_it_is_shown(page, receiver, photo):
    receiver.lose(HOSTILE, HOSTILE)
    receiver.users["x"] = {"name": HOSTILE, "images": 1, "lost": 0}
    receiver.bus.publish("problem", line=HOSTILE)
    receiver.bus.publish("choice", key="x", scheme=HOSTILE, reason=HOSTILE)
    receiver.bus.publish("stage", name=HOSTILE, state=HOSTILE, why=HOSTILE)
    receiver.bus.publish("image", key=HOSTILE, name=HOSTILE, source=HOSTILE, scheme=HOSTILE,
                         shape=[64, 96, 3], file="x.png", latency_ms={HOSTILE: 5.0})  # fmt: skip
    receiver.receive(photo, 1, 10.0, name=HOSTILE, text=HOSTILE)
    page.shows("#caption", '<img src=x onerror="document.title=1"><script>')
    page.shows("#images-title", "<script>document.title=2</script>")
    for card in ("#messages", "#losses", "#stages", "#users", "#latencies"):
        page.shows(card, "<script>")
    assert page.driver.title == "gensc receiver"
    body = page.text("body")
    assert "\u241b[31m" in body  # the escape code as something to see
    assert not any(c in body for c in "\x1b\u202e")
    made = page.driver.find_elements(By.CSS_SELECTOR, "body script, [onerror]")
    assert made == []
    page.driver.get_log("browser")  # x.png is not there: 404


def test_the_page_may_run_no_script_but_its_own(page):
    ran = page.driver.execute_async_script(
        "const done = arguments[0], s = document.createElement('script');"
        "addEventListener('securitypolicyviolation', () => done(false), { once: true });"
        "try { s.textContent = 'window.ran = 1'; document.body.append(s); } catch { done(false); }"
        "setTimeout(() => done(Boolean(window.ran)), 3000);"
    )
    assert ran is False
    page.driver.get_log("browser")  # it says that this was refused


def test_a_restart_of_the_receiver_is_survived(driver, tmp_path, photo):
    first = StandIn(tmp_path)
    server = DashboardServer(first, Token(TOKEN), "127.0.0.1:0").start()
    driver.get(server.link)
    page = Page(driver)
    page.shows("#connection", "live")
    first.receive(photo, 0, 10.0, name="before")
    page.shows("#images-title", "before")
    port = int(server.url.rstrip("/").rsplit(":", 1)[1])
    server.close()
    first.close()
    page.shows("#connection", "connection lost")
    second = StandIn(tmp_path)
    with DashboardServer(second, Token(TOKEN), f"127.0.0.1:{port}"):
        page.shows("#connection", "live")
        second.receive(photo, 0, 15.0, name="after", session=7)
        page.shows("#images-title", "after")
        page.eventually(LOADED.format(3))
        assert "15.0 ± 0.4 dB" in page.text("#facts")
    second.close()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [400, 1400])
def test_it_fits_every_screen_in_both_themes(page, receiver, photo, width, dark):
    for number in range(5):
        receiver.receive(photo, number, 10.0, text="word " * 60, row=(number, 0.2))
    look(page.driver, width, 900, dark=dark)
    page.eventually(LOADED.format(4))
    wide = page.driver.execute_script("return document.documentElement.scrollWidth")
    assert wide == width
    background = page.driver.execute_script(
        "return getComputedStyle(document.body).backgroundColor"
    )
    light = np.mean([int(part) for part in background[4:-1].split(",")])
    assert light < 60 if dark else light > 200
    cut = page.driver.execute_script(
        "return [...document.querySelectorAll('main .card, header > *')].filter("
        "e => e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.className)"
    )
    assert cut == []
    look(page.driver, 1400, 1000)
