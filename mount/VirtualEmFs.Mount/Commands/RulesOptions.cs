using System.CommandLine;
using System.Security.Cryptography;
using VirtualEmFs.Truncation;

namespace VirtualEmFs.Mount.Commands;

/// <summary>Which rules decide about bits: a file's, or a profile's. The same options wherever rules decide.</summary>
internal sealed class RulesOptions
{
    private readonly Option<string?> _file = new("--rules")
    {
        Description = "File of rules (JSON), tried before those of the profile that it names.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _profile = new("--profile") { Description = "Rules without a file: built-in, or paper (the paper's figures).", HelpName = "built-in|paper" };

    public RulesOptions() => _profile.AcceptOnlyFromAmong("built-in", "paper");

    public void AddTo(Command command)
    {
        command.Add(_file);
        command.Add(_profile);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_file) is not null && result.GetResult(_profile) is not null)
            {
                result.AddError("--rules and --profile exclude each other: a file of rules names its profile itself");
            }
        });
    }

    /// <summary>The first of the options that is given; null for none.</summary>
    public string? GivenIn(System.CommandLine.Parsing.CommandResult result) =>
        result.GetResult(_file) is not null ? _file.Name : result.GetResult(_profile) is not null ? _profile.Name : null;

    /// <summary>The rules, and their file's SHA-256, which is null without a file.</summary>
    /// <exception cref="CommandException">The file cannot be read or understood; names the line.</exception>
    public (TruncationRules Rules, string? Sha256) Read(ParseResult result)
    {
        if (result.GetValue(_file) is not { } path)
        {
            return (result.GetValue(_profile) == "paper" ? TruncationRules.Paper : TruncationRules.BuiltIn, null);
        }

        if (Directory.Exists(path))
        {
            throw new CommandException(ExitCode.Usage, $"the file of rules {path} is a folder");
        }

        try
        {
            byte[] json = File.ReadAllBytes(path);
            return (RulesFile.Parse(json, path), Convert.ToHexStringLower(SHA256.HashData(json)));
        }
        catch (TruncationException e)
        {
            throw new CommandException(ExitCode.Usage, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Usage, $"the file of rules {path} cannot be read: {e.Message.TrimEnd('.')}");
        }
    }
}
