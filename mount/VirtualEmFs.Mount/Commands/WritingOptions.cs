using System.CommandLine;
using System.CommandLine.Parsing;
using VirtualEmFs.Mount.Staging;
using VirtualEmFs.Vfs.WriteBack;

namespace VirtualEmFs.Mount.Commands;

/// <summary>What makes a mount writable, and how what is written becomes archives.</summary>
internal sealed class WritingOptions
{
    private readonly Option<string?> _staging = new("--staging")
    {
        Description = "Make the mount writable: raw files wait in this folder, on a fast disk of this machine, until they are archived.",
        HelpName = "DIR",
    };

    private readonly Option<Quantity<TimeSpan>> _delay = Quantities.Time(
        "--write-delay", "30s", "How long a closed file must be quiet before it is archived; a rule may say otherwise.");

    private readonly Option<int> _workers = NumberOption.Create(
        "--write-workers", 1, NumberOption.MostThreads, static () => WriteBackOptions.Default.Workers,
        "Files that are archived at once; half the cores by default.");

    private readonly Option<OriginalsPolicy?> _keepOriginals = new("--keep-originals")
    {
        Description = "Keep raw files in the staging folder after they are archived: for a time (7d), or up to a size of all together (500GB).",
        HelpName = "AGE|SIZE",
        CustomParser = static argument => ParsePolicy(argument),
    };

    private readonly Option<bool> _dryRun = new("--dry-run")
    {
        Description = "Archive nothing: files go to SOURCE as they are, and status and log say what each would get.",
    };

    private readonly Option<bool> _takeOver = new("--take-over")
    {
        Description = "The mount on another host that owns SOURCE or DIR is dead for certain: take its place.",
    };

    private readonly RulesOptions _rules = new();

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _staging, _delay, _workers, _keepOriginals, _dryRun, _takeOver })
        {
            command.Add(option);
        }

        _rules.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_staging) is null && GivenIn(result) is { } option)
            {
                result.AddError($"{option} needs --staging: without it the mount is read-only");
            }
        });
    }

    /// <summary>The staging folder as it was named; null for a mount that only reads.</summary>
    public string? StagingOf(ParseResult result) => result.GetValue(_staging);

    /// <summary>Whether the mount is to be writable.</summary>
    public bool IsGivenIn(CommandResult result) => result.GetResult(_staging) is not null;

    public bool TakesOver(ParseResult result) => result.GetValue(_takeOver);

    public WriteBackOptions WriteBackOf(ParseResult result) => new()
    {
        Delay = result.GetValue(_delay).Value,
        Workers = result.GetValue(_workers),
        IsDryRun = result.GetValue(_dryRun),
        KeepOriginals = result.GetValue(_keepOriginals),
    };

    /// <summary>How archives are made.</summary>
    /// <exception cref="CommandException">The file of rules cannot be read or understood; names the line.</exception>
    public MrcArchiverOptions ArchivingOf(ParseResult result)
    {
        (var rules, string? sha256) = _rules.Read(result);

        // Threads of archiving give way to everything else, so all cores may compute.
        int threads = Math.Max(1, (Environment.ProcessorCount + result.GetValue(_workers) - 1) / result.GetValue(_workers));
        return new MrcArchiverOptions { Rules = rules, RulesSha256 = sha256, Threads = threads };
    }

    /// <summary>A time or a size; "m" is minutes, "M" is MiB.</summary>
    internal static OriginalsPolicy? ParsePolicy(string text)
    {
        string unit = text.TrimStart("0123456789.".ToCharArray());
        return unit is "s" or "min" or "m" or "h" or "d" && Quantities.ParseSeconds(text) is { } seconds
            ? new OriginalsPolicy(TimeSpan.FromSeconds(Math.Min(seconds, Quantities.LongestSeconds)), null)
            : unit.Length > 0 && Quantities.ParseBytes(text) is { } bytes ? new OriginalsPolicy(null, (long)bytes) : null;
    }

    private static OriginalsPolicy? ParsePolicy(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        OriginalsPolicy? policy = ParsePolicy(text);
        if (policy is null)
        {
            argument.AddError($"'{text}' is neither a time such as 12h or 7d nor a size such as 500GB (--keep-originals)");
        }

        return policy;
    }

    private string? GivenIn(CommandResult result) =>
        new Option[] { _delay, _workers, _keepOriginals, _dryRun, _takeOver }.FirstOrDefault(option => result.GetResult(option) is { Implicit: false })?.Name
        ?? _rules.GivenIn(result);
}
