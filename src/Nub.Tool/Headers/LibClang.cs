using System.Runtime.InteropServices;

namespace Nub.Tool.Headers;

/// <summary>The part of libclang's C interface that layouts are asked by. The structs and numbers are those of clang-c/Index.h, which keeps them stable.</summary>
internal static unsafe partial class LibClang
{
    private const string Library = "libclang";

    [StructLayout(LayoutKind.Sequential)]
    public struct String
    {
        public nint Data;
        public uint Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Cursor
    {
        public int Kind;
        public int Extra;
        public nint Data0;
        public nint Data1;
        public nint Data2;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Type
    {
        public int Kind;
        public nint Data0;
        public nint Data1;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Location
    {
        public nint Data0;
        public nint Data1;
        public uint Offset;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct UnsavedFile
    {
        public byte* Name;
        public byte* Contents;
        public nuint Length;
    }

    [LibraryImport(Library, EntryPoint = "clang_createIndex")]
    public static partial nint CreateIndex(int excludeDeclarationsFromPch, int displayDiagnostics);

    [LibraryImport(Library, EntryPoint = "clang_disposeIndex")]
    public static partial void DisposeIndex(nint index);

    [LibraryImport(Library, EntryPoint = "clang_parseTranslationUnit2")]
    public static partial int Parse(
        nint index, byte* file, byte** arguments, int argumentCount, UnsavedFile* unsaved, uint unsavedCount, uint options, out nint unit);

    [LibraryImport(Library, EntryPoint = "clang_disposeTranslationUnit")]
    public static partial void DisposeUnit(nint unit);

    [LibraryImport(Library, EntryPoint = "clang_getNumDiagnostics")]
    public static partial uint DiagnosticCount(nint unit);

    [LibraryImport(Library, EntryPoint = "clang_getDiagnostic")]
    public static partial nint GetDiagnostic(nint unit, uint index);

    [LibraryImport(Library, EntryPoint = "clang_disposeDiagnostic")]
    public static partial void DisposeDiagnostic(nint diagnostic);

    [LibraryImport(Library, EntryPoint = "clang_getDiagnosticSeverity")]
    public static partial int SeverityOf(nint diagnostic);

    [LibraryImport(Library, EntryPoint = "clang_formatDiagnostic")]
    public static partial String Format(nint diagnostic, uint options);

    [LibraryImport(Library, EntryPoint = "clang_getCString")]
    public static partial nint CharactersOf(String text);

    [LibraryImport(Library, EntryPoint = "clang_disposeString")]
    public static partial void DisposeString(String text);

    [LibraryImport(Library, EntryPoint = "clang_getTranslationUnitCursor")]
    public static partial Cursor RootOf(nint unit);

    [LibraryImport(Library, EntryPoint = "clang_visitChildren")]
    public static partial uint VisitChildren(Cursor parent, delegate* unmanaged[Cdecl]<Cursor, Cursor, nint, int> visitor, nint state);

    [LibraryImport(Library, EntryPoint = "clang_Type_visitFields")]
    public static partial uint VisitFields(Type type, delegate* unmanaged[Cdecl]<Cursor, nint, int> visitor, nint state);

    [LibraryImport(Library, EntryPoint = "clang_getCursorSpelling")]
    public static partial String SpellingOf(Cursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_getCursorType")]
    public static partial Type TypeOf(Cursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_isCursorDefinition")]
    public static partial uint IsDefinition(Cursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_hashCursor")]
    public static partial uint HashOf(Cursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_equalCursors")]
    public static partial uint AreEqual(Cursor first, Cursor second);

    [LibraryImport(Library, EntryPoint = "clang_Cursor_isAnonymous")]
    public static partial uint IsAnonymous(Cursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_Cursor_isBitField")]
    public static partial uint IsBitField(Cursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_getFieldDeclBitWidth")]
    public static partial int BitWidthOf(Cursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_Cursor_getOffsetOfField")]
    public static partial long BitOffsetOf(Cursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_getTypedefDeclUnderlyingType")]
    public static partial Type UnderlyingOf(Cursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_getEnumDeclIntegerType")]
    public static partial Type IntegerOf(Cursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_getCursorLocation")]
    public static partial Location LocationOf(Cursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_getExpansionLocation")]
    public static partial void Expand(Location location, out nint file, out uint line, out uint column, out uint offset);

    [LibraryImport(Library, EntryPoint = "clang_getFileName")]
    public static partial String NameOf(nint file);

    [LibraryImport(Library, EntryPoint = "clang_getTypeSpelling")]
    public static partial String SpellingOf(Type type);

    [LibraryImport(Library, EntryPoint = "clang_getCanonicalType")]
    public static partial Type CanonicalOf(Type type);

    [LibraryImport(Library, EntryPoint = "clang_Type_getNamedType")]
    public static partial Type NamedOf(Type type);

    [LibraryImport(Library, EntryPoint = "clang_Type_getValueType")]
    public static partial Type ValueOf(Type type);

    [LibraryImport(Library, EntryPoint = "clang_getTypeDeclaration")]
    public static partial Cursor DeclarationOf(Type type);

    [LibraryImport(Library, EntryPoint = "clang_getArrayElementType")]
    public static partial Type ElementOf(Type type);

    [LibraryImport(Library, EntryPoint = "clang_getArraySize")]
    public static partial long CountOf(Type type);

    [LibraryImport(Library, EntryPoint = "clang_Type_getSizeOf")]
    public static partial long SizeOf(Type type);

    [LibraryImport(Library, EntryPoint = "clang_Type_getAlignOf")]
    public static partial long AlignmentOf(Type type);
}
