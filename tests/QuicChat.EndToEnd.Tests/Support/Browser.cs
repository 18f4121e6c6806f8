using OpenQA.Selenium;
using OpenQA.Selenium.Chrome;

namespace QuicChat.EndToEnd.Tests.Support;

/// <summary>Debian's Chromium without a window.</summary>
internal sealed class Browser : IDisposable
{
    private readonly ChromeDriver _driver;

    private Browser(ChromeDriver driver) => _driver = driver;

    public static Browser Open(Uri page)
    {
        var options = new ChromeOptions { BinaryLocation = "/usr/bin/chromium" };

        // Root, as which tests often run in containers, has no sandbox; neither is /dev/shm large there.
        options.AddArguments("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu");
        options.SetLoggingPreference(LogType.Browser, OpenQA.Selenium.LogLevel.Warning);
        var service = ChromeDriverService.CreateDefaultService("/usr/bin", "chromedriver");
        service.SuppressInitialDiagnosticInformation = true;
        var browser = new Browser(new ChromeDriver(service, options, TimeSpan.FromSeconds(60)));
        try
        {
            browser._driver.Navigate().GoToUrl(page);
            return browser;
        }
        catch
        {
            browser.Dispose();
            throw;
        }
    }

    /// <summary>The text of the element with this ID.</summary>
    public string Text(string id) => _driver.FindElement(By.Id(id)).Text;

    /// <summary>The number that the element with this ID shows; <see langword="null"/> while it shows none.</summary>
    public double? Number(string id)
        => double.TryParse(Text(id).Split(' ')[0].Replace(",", "", StringComparison.Ordinal), System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : null;

    public int Count(string selector) => _driver.FindElements(By.CssSelector(selector)).Count;

    public T Evaluate<T>(string script)
        => _driver.ExecuteScript("return " + script) is T value ? value : throw new InvalidOperationException($"{script} is no {typeof(T).Name}.");

    /// <summary>How many pixels of a canvas have a colour: those of lines and bars, for axes and grid are grey. None where there is no canvas.</summary>
    /// <param name="selector">Finds elements that hold a canvas each.</param>
    /// <param name="index">Which of them.</param>
    public long ColouredPixels(string selector, int index = 0) => Evaluate<long>($$"""
        (() => {
          const canvas = document.querySelectorAll("{{selector}}")[{{index}}]?.querySelector("canvas");
          if (!canvas) return 0;
          // From a copy that is made to be read: of its own the browser complains that reading is slow.
          const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
          const context = copy.getContext("2d", { willReadFrequently: true });
          context.drawImage(canvas, 0, 0);
          const data = context.getImageData(0, 0, copy.width, copy.height).data;
          let count = 0;
          for (let i = 0; i < data.length; i += 4) {
            const most = Math.max(data[i], data[i + 1], data[i + 2]), least = Math.min(data[i], data[i + 1], data[i + 2]);
            if (data[i + 3] > 128 && most - least > 60) count++;
          }
          return count;
        })()
        """);

    public void Resize(int width, int height) => Command("Emulation.setDeviceMetricsOverride", new()
    {
        ["width"] = width,
        ["height"] = height,
        ["deviceScaleFactor"] = 1,
        ["mobile"] = true,
    });

    public void PreferColors(string scheme) => Command("Emulation.setEmulatedMedia", new()
    {
        ["features"] = new[] { new Dictionary<string, object> { ["name"] = "prefers-color-scheme", ["value"] = scheme } },
    });

    /// <summary>What the browser complained of.</summary>
    public IReadOnlyList<string> Complaints() => [.. _driver.Manage().Logs.GetLog(LogType.Browser).Select(entry => entry.Message)];

    public void Screenshot(string file) => _driver.GetScreenshot().SaveAsFile(file);

    public void Dispose() => _driver.Quit();

    private void Command(string name, Dictionary<string, object?> arguments) => _driver.ExecuteCdpCommand(name, arguments);
}
