using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using VirtualEmFs.Mount.Status;
using VirtualEmFs.Vfs.Tree;

namespace VirtualEmFs.Mount.Commands;

/// <summary><c>emfs status</c>: what a mount holds, does and waits for, asked from its process without touching the mount.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "Folder that emfs is mounted on." };
        var json = new Option<bool>("--json") { Description = "Print the report as one JSON object." };
        var command = new Command(
            "status", "Shows a mount's cache, decodes, waiting requests and the errors of each file. Example: emfs status ~/mrc")
        { mountPoint, json };
        command.SetAction(result =>
        {
            if (result.GetValue(json))
            {
                Console.WriteLine(StatusClient.GetJson(result.GetRequiredValue(mountPoint)));
            }
            else
            {
                Print(AnsiConsole.Console, StatusClient.Get(result.GetRequiredValue(mountPoint)));
            }

            return (int)ExitCode.Success;
        });
        return command;
    }

    internal static void Print(IAnsiConsole console, StatusReport report)
    {
        var table = new Table { Border = TableBorder.Rounded, ShowHeaders = false };
        table.AddColumn(new TableColumn("").NoWrap());
        table.AddColumn("");
        Add("mount", $"{report.Source} on {report.MountPoint}");
        Add("process", $"{report.ProcessId}, {Invariant($"up {TimeSpan.FromSeconds(report.UptimeSeconds):d\\.hh\\:mm\\:ss}")}, {Mebibytes(report.ResidentBytes)} resident");
        if (report.Tree is { } tree)
        {
            Add("cache", $"{Mebibytes(tree.CacheBytes)} of {Mebibytes(tree.CacheBudgetBytes)}, {tree.Hits} hits, {tree.Misses} misses");
            Add("decoding", $"{tree.Decodes} blocks ({tree.ReadAheads} ahead of their readers, {tree.FailedDecodes} failed), {tree.QueuedBlocks} queued, {tree.LeasesInUse} in use");
            Add("archives", $"{tree.Probes} probed, {tree.OpenArchives} open; {tree.Nodes} files and folders known, {tree.OpenHandles} open, {tree.WaitingOperations} operations wait for the disk");
        }

        Add("requests", Counts(report.Requests));
        Add("read", Mebibytes(report.BytesRead));
        Add("waiting", report.ActiveRequests == 0 ? "none" : Invariant($"{report.ActiveRequests}, the oldest for {report.OldestRequestSeconds:F1} s"));
        Add("not served", report.Failures.Count == 0 ? "none" : Counts(report.Failures));
        if (report.Exceptions > 0)
        {
            Add("exceptions", $"{report.Exceptions} (a mistake in emfs: its log says where)");
        }

        console.Write(table);
        if (report.Tree is not { Errors: [_, ..] errors })
        {
            return;
        }

        var files = new Table { Border = TableBorder.Rounded };
        files.AddColumns("file", "failed", "reason");
        foreach (FileError error in errors)
        {
            files.AddRow(Markup.Escape(error.Path), Invariant($"{error.Count}"), Markup.Escape(error.Reason));
        }

        console.Write(files);

        void Add(string name, string text) => table.AddRow(name, Markup.Escape(text));
    }

    private static string Counts(IReadOnlyDictionary<string, long> counts) =>
        string.Join(", ", counts.OrderByDescending(static pair => pair.Value).Select(static pair => Invariant($"{pair.Value} {pair.Key}")));

    private static string Mebibytes(long lengthBytes) => Invariant($"{lengthBytes / 1048576.0:F1} MiB");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
