using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using VirtualEmFs.Mount.Status;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Mount.Commands;

/// <summary><c>emfs status</c>: what a mount holds, does and waits for, asked from its process without touching the mount.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "Folder that emfs is mounted on." };
        var json = new Option<bool>("--json") { Description = "Print the report as one JSON object." };
        var command = new Command(
            "status", "Shows a mount's cache, decodes, waiting requests, staged files and the errors of each file. Example: emfs status ~/mrc")
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

        if (report.Writing is { } writing)
        {
            AddWriting(writing);
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
        PrintFiles(console, ["file", "failed", "reason"], (report.Tree?.Errors ?? []).Select(static error => (string[])[error.Path, Invariant($"{error.Count}"), error.Reason]));
        PrintFiles(console, ["parked", "reason"], (report.Writing?.Parked ?? []).Select(static file => (string[])[file.Path, file.Reason]));
        PrintFiles(console, ["tried again", "reason"], (report.Writing?.Failing ?? []).Select(static file => (string[])[file.Path, file.Reason]));
        PrintFiles(console, ["would be archived", "how"], (report.Writing?.Forecasts ?? []).Select(static file => (string[])[file.Path, Describe(file.Result)]));

        void Add(string name, string text) => table.AddRow(name, Markup.Escape(text));

        void AddWriting(WritingReport writing)
        {
            string age = writing.AgeSeconds < 2 ? "" : Invariant($" (as of {writing.AgeSeconds:F0} s ago: its disk does not answer)");
            Add("staged", writing.StagedFiles == 0
                ? $"nothing in {writing.StagingFolder}{age}"
                : Invariant($"{CommandOutput.Files(writing.StagedFiles)}, {Mebibytes(writing.StagedBytes)}, in {writing.StagingFolder}; {writing.OpenFiles} open, {writing.QueuedFiles} queued, the oldest quiet for {writing.OldestSeconds:F0} s{age}"));
            if (writing.StagingProblem is { } problem)
            {
                Add("staging", problem);
            }

            Add("compressing", writing.Compressing.Count == 0 ? "none" : string.Join("\n", writing.Compressing.Select(Describe)));
            if (report.Tree is { Restoring: { Count: > 0 } restoring })
            {
                Add("coming back", string.Join("\n", restoring.Select(static file => Invariant(
                    $"{file.Path}: {Mebibytes(file.DoneBytes)} of {Mebibytes(file.LengthBytes)}, since a program writes to it"))));
            }

            Add("not archived", Invariant($"{writing.ParkedFiles} parked, {writing.FailingFiles} tried again"));
            Add("archived", Invariant($"{CommandOutput.Files(writing.Totals.ArchivedFiles)}, {Mebibytes(writing.SavedBytes)} saved; {writing.Totals.GuardedFiles} guarded, {writing.Totals.KeptRawFiles} kept raw, {writing.Totals.ClampedSamples} samples clamped"));
        }
    }

    private static void PrintFiles(IAnsiConsole console, string[] columns, IEnumerable<string[]> rows)
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumns(columns);
        foreach (string[] row in rows)
        {
            table.AddRow([.. row.Select(Markup.Escape)]);
        }

        if (table.Rows.Count > 0)
        {
            console.Write(table);
        }
    }

    private static string Describe(CompressingReport file) => Invariant(
        $"{file.Path}, {Mebibytes(file.RawLengthBytes)}, for {file.ElapsedSeconds:F0} s, {Mebibytes(file.WrittenBytes)} written");

    private static string Describe(ArchivingResult result) => result.KeptRawReason
        ?? Invariant($"{result.Rule}: {(result.Bits == 0 ? "lossless" : $"{result.Bits} bits")}, {Mebibytes(result.RawLengthBytes)} to {Mebibytes(result.ArchiveLengthBytes)}, {result.GuardedFrames} frames guarded, {result.ClampedSamples} samples clamped");

    private static string Counts(IReadOnlyDictionary<string, long> counts) =>
        string.Join(", ", counts.OrderByDescending(static pair => pair.Value).Select(static pair => Invariant($"{pair.Value} {pair.Key}")));

    private static string Mebibytes(long lengthBytes) => Invariant($"{lengthBytes / 1048576.0:F1} MiB");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
