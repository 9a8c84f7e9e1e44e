using System.Runtime.InteropServices;

namespace VirtualEmFs.MountTests.Writing.Crashes;

/// <summary>
/// A program that does with its files what programs of the field do, in an order that its seed decides: it writes them, with the header first or
/// last, or under another name; changes samples, adds a section, renames, removes. Whole numbers, so that every byte is known.
/// </summary>
internal sealed class RandomProgram
{
    private const int NxOfSections = 48, NyOfSections = 40, LongestPiece = 6_000, MostSections = 6;
    private const int SectionLengthBytes = NxOfSections * NyOfSections * sizeof(short);

    private static readonly string[] s_names = ["1.mrc", "2.mrc", "3.mrcs", "TS.rec", "TS.rec~", "notes.txt"];
    private static readonly string[] s_folders = ["d", "e"];

    private readonly List<ProgramStep> _steps = [];
    private readonly WrittenFiles _files;
    private readonly Random _random;

    private RandomProgram(WrittenFiles files, Random random) => (_files, _random) = (files, random);

    /// <param name="before">What there is when it starts; not changed.</param>
    public static IReadOnlyList<ProgramStep> Create(WrittenFiles before, int leastSteps, int seed)
    {
        var program = new RandomProgram(before.Clone(), new Random(seed));
        while (program._steps.Count < leastSteps)
        {
            program.Work();
        }

        return program._steps;
    }

    private void Work()
    {
        string[] files = [.. _files.Files.Keys];
        int choice = files.Length == 0 ? 0 : _random.Next(100);
        string file = files.Length == 0 ? "" : files[_random.Next(files.Length)];
        switch (choice)
        {
            case < 30:
                WriteFile(NewName());
                break;
            case < 45:
                WriteUnderAnotherName(NewName());
                break;
            case < 63:
                ChangeSamples(file);
                break;
            case < 73:
                AddSection(file);
                break;
            case < 86:
                Rename(file, NewName());
                break;
            case < 93:
                Do(ProgramStep.Unlink(file));
                break;
            default:
                ChangeFolders();
                break;
        }
    }

    private void WriteFile(string path)
    {
        byte[] bytes = MrcContent.WholeNumbers(1, NxOfSections, NyOfSections, _random.Next(1, 4), _random.Next());
        Do(_files.Files.ContainsKey(path) ? ProgramStep.OpenEmptied(path) : ProgramStep.Create(path));
        bool isHeaderLast = _random.Next(2) == 0;
        for (int offset = isHeaderLast ? MrcContent.HeaderLengthBytes : 0; offset < bytes.Length; offset += LongestPiece)
        {
            Do(ProgramStep.Write(path, offset, bytes[offset..Math.Min(offset + LongestPiece, bytes.Length)]));
        }

        if (isHeaderLast)
        {
            Do(ProgramStep.Write(path, 0, bytes[..MrcContent.HeaderLengthBytes]));
        }

        Close(path);
    }

    private void WriteUnderAnotherName(string path)
    {
        int slash = path.LastIndexOf('/') + 1;
        string temporary = $"{path[..slash]}.{path[slash..]}.x7";
        WriteFile(temporary);
        Rename(temporary, path);
    }

    private void ChangeSamples(string path)
    {
        Do(ProgramStep.Open(path));
        for (int count = _random.Next(1, 4); count > 0; count--)
        {
            var bytes = new byte[_random.Next(1, 3_000)];
            _random.NextBytes(bytes);
            Do(ProgramStep.Write(path, MrcContent.HeaderLengthBytes + _random.Next(SectionLengthBytes - bytes.Length), bytes));
        }

        Close(path);
    }

    private void AddSection(string path)
    {
        byte[] bytes = _files.Files[path].Bytes;
        if (bytes.Length < MrcContent.HeaderLengthBytes + SectionLengthBytes || bytes.Length > MrcContent.HeaderLengthBytes + (MostSections * SectionLengthBytes))
        {
            return;
        }

        byte[] section = MrcContent.WholeNumbers(1, NxOfSections, NyOfSections, 1, _random.Next())[MrcContent.HeaderLengthBytes..];
        byte[] header = bytes[..MrcContent.HeaderLengthBytes];
        MemoryMarshal.Cast<byte, int>(header.AsSpan())[2]++;
        Do(ProgramStep.Open(path));
        Do(ProgramStep.Write(path, bytes.Length, section));
        Do(ProgramStep.Write(path, 0, header));
        Close(path);
    }

    private void ChangeFolders()
    {
        string[] absent = [.. s_folders.Except(_files.Folders)];
        if (absent.Length > 0 && _files.Folders.Count > 0 && _random.Next(2) == 0)
        {
            Do(ProgramStep.Rename(_files.Folders.First(), absent[0]));
        }
        else if (absent.Length > 0)
        {
            Do(ProgramStep.MakeFolder(absent[_random.Next(absent.Length)]));
        }
    }

    private void Close(string path)
    {
        if (_random.Next(2) == 0)
        {
            Do(ProgramStep.Sync(path));
        }

        Do(ProgramStep.Close(path));
    }

    private void Rename(string from, string to)
    {
        if (from != to)
        {
            Do(ProgramStep.Rename(from, to));
        }
    }

    private string NewName()
    {
        string name = s_names[_random.Next(s_names.Length)];
        string[] folders = ["", .. _files.Folders.Select(static folder => folder + "/")];
        return folders[_random.Next(folders.Length)] + name;
    }

    private void Do(ProgramStep step)
    {
        _steps.Add(step);
        step.Apply(_files);
    }
}
