using Spectre.Console;
using Spectre.Console.Rendering;
using VirtualEmFs.Mount.Commands;

namespace VirtualEmFs.Mount.Compressing;

/// <summary>The progress bar on standard error: bytes done, rate, ratio and time left; nothing where standard error is no terminal.</summary>
internal static class CompressionBar
{
    /// <summary>Runs work with a bar.</summary>
    /// <param name="ratio">Input over output so far; 0 for not known yet.</param>
    /// <param name="work">Gets what to tell about bytes done; any thread may tell.</param>
    public static void Run(long lengthBytes, bool isShown, Func<double> ratio, Action<Action<long>> work)
    {
        if (!isShown || Console.IsErrorRedirected)
        {
            work(static _ => { });
            return;
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        console.Progress()
            .AutoClear(true)
            .Columns(new ProgressBarColumn(), new PercentageColumn(), new RateColumn(ratio), new RemainingTimeColumn())
            .Start(context =>
            {
                ProgressTask task = context.AddTask("compress", maxValue: Math.Max(1, lengthBytes));
                work(bytes => task.Increment(bytes));
            });
    }

    private sealed class RateColumn(Func<double> ratio) : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
        {
            string text = $"{CommandOutput.Length((long)(task.Speed ?? 0))}/s";
            double known = ratio();
            return new Text(known > 0 ? $"{text} {known:F1}:1" : text);
        }
    }
}
