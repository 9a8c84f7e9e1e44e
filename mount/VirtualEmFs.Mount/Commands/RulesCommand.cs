using System.CommandLine;
using System.Security.Cryptography;
using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Frames;
using VirtualEmFs.Truncation;

namespace VirtualEmFs.Mount.Commands;

/// <summary><c>emfs rules</c>: what decides about bits where none were asked for.</summary>
internal static class RulesCommand
{
    public static Command Create()
    {
        var rules = new Option<string?>("--rules") { Description = "File of rules (JSON), in front of the profile that it names.", HelpName = "FILE" };
        var show = new Command("show", "Prints the rules in the order in which they are tried; whatever they say, NaN, infinity and whole numbers stay exact. Example: emfs rules show") { rules };
        show.SetAction(result => Show(Read(result.GetValue(rules)).Rules));
        var paths = new Argument<string[]>("PATH") { Description = "MRC files; of what does not exist, the name alone decides.", Arity = ArgumentArity.OneOrMore };
        var test = new Command("test", "Prints which rule each path gets. Example: emfs rules test --rules site.json Micrographs/*.mrc") { paths, rules };
        test.SetAction(result => Test(result.GetRequiredValue(paths), Read(result.GetValue(rules)).Rules));
        return new Command("rules", "Shows and tests the rules by which emfs compress chooses bits. Example: emfs rules test Micrographs/*.mrc") { show, test };
    }

    /// <summary>The rules of a file, or the built-in ones.</summary>
    /// <returns>The rules and the file's SHA-256, which is null without a file.</returns>
    /// <exception cref="CommandException">The file cannot be read or understood; names the line.</exception>
    public static (TruncationRules Rules, string? Sha256) Read(string? path)
    {
        if (path is null)
        {
            return (TruncationRules.BuiltIn, null);
        }

        try
        {
            byte[] json = File.ReadAllBytes(path);
            return (RulesFile.Parse(json, path), Convert.ToHexStringLower(SHA256.HashData(json)));
        }
        catch (Exception e) when (e is TruncationException or IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Usage, e.Message);
        }
    }

    private static int Show(TruncationRules rules)
    {
        foreach (TruncationRule rule in rules.Rules)
        {
            Console.WriteLine(rule);
        }

        return (int)ExitCode.Success;
    }

    private static int Test(string[] paths, TruncationRules rules)
    {
        var compressor = new Compressor(new ArchiveFormats());
        var exitCode = ExitCode.Success;
        foreach (string path in paths)
        {
            string relativePath = Path.GetRelativePath(Environment.CurrentDirectory, path);
            try
            {
                Treatment treatment = File.Exists(path)
                    ? compressor.TreatmentFor(path, new CompressionOptions { Rules = rules, RelativePath = relativePath })
                    : rules.ForName(relativePath);
                Console.WriteLine($"{path}: {treatment.Rule}");
            }
            catch (ArchiveException e)
            {
                Console.Error.WriteLine($"emfs rules: {e.Message}");
                exitCode = ExitCode.Failure;
            }
        }

        return (int)exitCode;
    }
}
