using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Nub.Tool.Headers;

/// <summary>Headers that were parsed, until it is disposed. Not for several threads at once.</summary>
internal sealed unsafe class Translation : IDisposable
{
    private const string Main = "nub-import.c";

    // Bodies of inline functions say nothing of a layout (CXTranslationUnit_SkipFunctionBodies).
    private const uint Options = 0x40;

    private nint _index;
    private nint _unit;

    private Translation(nint index) => _index = index;

    public LibClang.Cursor Root => LibClang.RootOf(_unit);

    /// <summary>What the compiler reports as errors.</summary>
    public IReadOnlyList<string> Errors { get; private set; } = [];

    /// <summary>Parses a source text that is not in a file.</summary>
    /// <exception cref="ToolException">libclang is not there, or refuses the arguments.</exception>
    public static Translation Parse(string source, IReadOnlyList<string> arguments)
    {
        ClangLibrary.Prepare();
        var translation = new Translation(LibClang.CreateIndex(0, 0));
        try
        {
            translation.ParseSource(source, arguments);
            translation.Errors = translation.FindErrors();
            return translation;
        }
        catch
        {
            translation.Dispose();
            throw;
        }
    }

    /// <summary>The text of a string of libclang's, which is released.</summary>
    public static string Take(LibClang.String text)
    {
        string taken = Marshal.PtrToStringUTF8(LibClang.CharactersOf(text)) ?? "";
        LibClang.DisposeString(text);
        return taken;
    }

    /// <summary>What is declared directly inside of a cursor.</summary>
    public static List<LibClang.Cursor> ChildrenOf(LibClang.Cursor parent)
    {
        var children = new List<LibClang.Cursor>();
        var handle = GCHandle.Alloc(children);
        _ = LibClang.VisitChildren(parent, &AddChild, GCHandle.ToIntPtr(handle));
        handle.Free();
        return children;
    }

    /// <summary>The fields of a struct or union, those without a name too.</summary>
    public static List<LibClang.Cursor> FieldsOf(LibClang.Type record)
    {
        var fields = new List<LibClang.Cursor>();
        var handle = GCHandle.Alloc(fields);
        _ = LibClang.VisitFields(record, &AddField, GCHandle.ToIntPtr(handle));
        handle.Free();
        return fields;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _unit, 0) is not 0 and { } unit)
        {
            LibClang.DisposeUnit(unit);
        }

        if (Interlocked.Exchange(ref _index, 0) is not 0 and { } index)
        {
            LibClang.DisposeIndex(index);
        }
    }

    // No exception may leave these, whose callers are C++: nothing in them throws but the end of all memory.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int AddChild(LibClang.Cursor cursor, LibClang.Cursor parent, nint state)
    {
        ((List<LibClang.Cursor>)GCHandle.FromIntPtr(state).Target!).Add(cursor);
        return ClangKinds.Continue;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int AddField(LibClang.Cursor cursor, nint state)
    {
        ((List<LibClang.Cursor>)GCHandle.FromIntPtr(state).Target!).Add(cursor);
        return ClangKinds.Continue;
    }

    private void ParseSource(string source, IReadOnlyList<string> arguments)
    {
        byte[] name = Encoding.UTF8.GetBytes(Main + '\0');
        byte[] contents = Encoding.UTF8.GetBytes(source + '\0');
        nint[] texts = [.. arguments.Select(Marshal.StringToCoTaskMemUTF8)];
        try
        {
            // Sound: libclang copies what it keeps of all of these, and they stay where they are for as long as the call takes.
            fixed (byte* namePointer = name)
            fixed (byte* contentsPointer = contents)
            fixed (nint* textsPointer = texts)
            {
                var unsaved = new LibClang.UnsavedFile { Name = namePointer, Contents = contentsPointer, Length = (nuint)contents.Length - 1 };
                int error = LibClang.Parse(_index, namePointer, (byte**)textsPointer, texts.Length, &unsaved, 1, Options, out _unit);
                if (error != 0 || _unit == 0)
                {
                    throw new ToolException($"libclang cannot parse with the arguments '{string.Join(' ', arguments)}' (error {error}).");
                }
            }
        }
        finally
        {
            Array.ForEach(texts, Marshal.FreeCoTaskMem);
        }
    }

    private List<string> FindErrors()
    {
        var errors = new List<string>();
        for (uint i = 0; i < LibClang.DiagnosticCount(_unit); i++)
        {
            nint diagnostic = LibClang.GetDiagnostic(_unit, i);
            if (LibClang.SeverityOf(diagnostic) >= ClangKinds.SeverityError)
            {
                errors.Add(Take(LibClang.Format(diagnostic, options: 1)));
            }

            LibClang.DisposeDiagnostic(diagnostic);
        }

        return errors;
    }
}
